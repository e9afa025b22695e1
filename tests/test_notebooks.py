"""Notebooks: thin, without outputs, and running from top to bottom on a complete run."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from synthetic_run import write_run

from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files

FOLDER = Path(__file__).parents[1] / "notebooks"
CALLS = {"Results", "build", "show"}


def code_of(name: str) -> list[nbformat.NotebookNode]:
    cells = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4).cells
    return [cell for cell in cells if cell.cell_type == "code"]


def test_there_is_a_notebook_for_every_exhibit_group() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_is_stored_without_outputs_and_with_one_parameter(name: str) -> None:
    cells = code_of(name)
    assert all(not cell.outputs and cell.execution_count is None for cell in cells)
    tagged = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == ['results = "results/default"']


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_computes_nothing(name: str) -> None:
    for cell in code_of(name):
        nodes = list(ast.walk(ast.parse(cell.source)))
        called = {
            node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id  # type: ignore[attr-defined]
            for node in nodes
            if isinstance(node, ast.Call)
        }
        assert called <= CALLS
        assert not any(isinstance(node, ast.BinOp | ast.For | ast.comprehension) for node in nodes)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook_shows_the_exhibits_it_declares_in_order(name: str) -> None:
    shown = re.findall(r'^build\("(\w+)", run\)\.show\(run\)$', "\n".join(cell.source for cell in code_of(name)), re.M)
    assert tuple(shown) == NOTEBOOKS[name].exhibits


@pytest.mark.parametrize("name", ["runtimes", "tables"])
def test_notebook_runs_from_top_to_bottom(name: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "smoke", stand_in=True, run={"seeds": 2})
    space: dict[str, object] = {}
    for cell in code_of(name):
        source = f"results = {str(folder)!r}" if "parameters" in cell.metadata.get("tags", []) else cell.source
        exec(source, space)
    for exhibit in NOTEBOOKS[name].exhibits:
        assert all((folder / "exhibits" / file).is_file() for file in exhibit_files(exhibit))
