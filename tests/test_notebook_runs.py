"""Notebooks are executed strictly, in this environment, and leave all of their outputs or none."""

import json
from pathlib import Path

import nbformat
import pytest
from checkout import ROOT
from synthetic_run import write_run

from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.notebooks import run_notebook

pytestmark = pytest.mark.slow
PARAMETERS = 'results = "results/default"'
WRITE = """
from pathlib import Path
for ending in ("svg", "png", "csv"):
    Path(results, "exhibits", f"fig_4_01.{ending}").write_text("drawn")
"""


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_run(tmp_path / "default", run={"seeds": 2})


def notebook(folder: Path, *cells: str, parameters: str = PARAMETERS, name: str = "toy") -> Path:
    book = nbformat.v4.new_notebook()
    book.cells = [nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})]
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path = folder / f"{name}.ipynb"
    nbformat.write(book, path)
    return path


def left(results: Path) -> list[str]:
    folders = (results / "exhibits", results / "notebooks")
    return sorted(path.name for folder in folders for path in folder.iterdir())


def test_a_notebook_leaves_itself_its_page_its_sidecar_and_its_exhibits(results, tmp_path):
    run_notebook(notebook(tmp_path, WRITE), results)
    assert left(results) == sorted([*exhibit_files("fig_4_01"), "toy.html", "toy.ipynb", "toy.provenance.json"])


def test_the_kernel_is_this_environments_own(results, tmp_path, monkeypatch):
    other = tmp_path / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    spec = {"argv": ["/no/such/python", "{connection_file}"], "display_name": "x", "language": "python"}
    (other / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    run_notebook(notebook(tmp_path, WRITE), results)
    assert "fig_4_01.csv" in left(results)


def test_the_same_notebook_twice_gives_the_same_bytes_without_paths_of_this_machine(results, tmp_path):
    source, pages = notebook(tmp_path, WRITE, "print(1)"), []
    for _ in range(2):
        run_notebook(source, results)
        pages.append((results / "notebooks" / "toy.ipynb").read_bytes())
    assert pages[0] == pages[1]
    assert b"papermill" not in pages[0]


def test_a_failing_cell_is_named_with_its_exception_and_nothing_is_left(results, tmp_path):
    source = notebook(tmp_path, WRITE, 'raise RuntimeError("the axis fell off")')
    with pytest.raises(HypersvgError, match=r"toy\.ipynb: cell \d+ failed with RuntimeError: the axis fell off"):
        run_notebook(source, results)
    assert left(results) == []


def test_an_exhibit_that_does_not_appear_is_named(results, tmp_path):
    with pytest.raises(HypersvgError, match=r"did not write .*fig_4_01\.svg"):
        run_notebook(notebook(tmp_path, "pass"), results)
    assert left(results) == []


def test_an_exhibit_of_an_earlier_run_does_not_count(results, tmp_path):
    run_notebook(notebook(tmp_path, WRITE), results)
    with pytest.raises(HypersvgError, match="did not write"):
        run_notebook(notebook(tmp_path, "pass"), results)
    assert "fig_4_01.svg" not in left(results)


@pytest.mark.parametrize("parameters", ["folder = 1", 'results = "x"\nwidth = 3', "pass"])
def test_parameters_that_do_not_match_are_refused(results, tmp_path, parameters):
    with pytest.raises(HypersvgError, match="parameter"):
        run_notebook(notebook(tmp_path, WRITE, parameters=parameters), results)


def test_an_unknown_or_damaged_notebook_is_refused(results, tmp_path):
    with pytest.raises(HypersvgError, match="unknown notebook 'extra'; known: toy"):
        run_notebook(notebook(tmp_path, WRITE, name="extra"), results)
    (tmp_path / "ppo.ipynb").write_text("{", encoding="utf-8")
    with pytest.raises(HypersvgError, match=r"ppo\.ipynb is not a notebook"):
        run_notebook(tmp_path / "ppo.ipynb", results)


def test_the_project_has_exactly_the_declared_notebooks():
    assert {path.stem for path in (ROOT / "notebooks").glob("*.ipynb")} == set(NOTEBOOKS)
