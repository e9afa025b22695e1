"""Execute one notebook into a run's folder: strict parameters, the project's own kernel, nothing half-written."""

import os
import sys
from pathlib import Path
from typing import Any

from hypersvg.files import write_text
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.exhibits_index import NOTEBOOKS, exhibit_files
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.provenance import hashes, provenance, write_json
from hypersvg.pipeline.settings_file import read_settings

INJECTED = "injected-parameters"
"""papermill's tag of the cell with the values that were passed."""
SVG_EPOCH = "0"
"""SOURCE_DATE_EPOCH of drawn figures: the same numbers give the same bytes."""


def run_notebook(source: Path, results: Path) -> None:
    """Execute ``source`` on ``results``; write ``notebooks/<name>.ipynb`` and ``.html`` and a sidecar there.

    On its clock, computing is the notebook with its kernel (which starts and imports for itself), writing is the HTML.

    Raises a sentence for an unknown notebook or parameter, for a failing cell (naming it and its exception) and for an
    exhibit that did not appear. After a failure none of the notebook's outputs is left.
    """
    clock = Clock()
    if source.stem not in NOTEBOOKS:
        raise HypersvgError(f"unknown notebook '{source.stem}'; known: {', '.join(NOTEBOOKS)}")
    with at_work(results / "notebooks" / source.name):
        make_notebook(source, results, clock)


def make_notebook(source: Path, results: Path, clock: Clock) -> None:
    """Do what :func:`run_notebook` says, for a known notebook that nobody else is at."""
    declared = NOTEBOOKS[source.stem]
    exhibits = [results / "exhibits" / file for exhibit in declared.exhibits for file in exhibit_files(exhibit)]
    folder = results / "notebooks"
    executed, page = folder / source.name, folder / f"{source.stem}.html"
    folder.mkdir(parents=True, exist_ok=True)
    (results / "exhibits").mkdir(exist_ok=True)
    for path in (*exhibits, executed, page):
        path.unlink(missing_ok=True)
    parameters = {"results": results.as_posix()}
    refuse_unknown(source, parameters)
    use_own_kernel()
    clock.computing()
    try:
        notebook = execute(source, parameters)
        require(exhibits, source)
        clock.writing()
        write_text(page, as_html(notebook, source.stem))
        write_text(executed, as_text(notebook))
    except BaseException:
        for path in exhibits:
            path.unlink(missing_ok=True)
        raise
    inputs = [results / "tables" / f"{table}.parquet" for table in declared.tables]
    settings = read_settings(results / "settings.json").model_dump(mode="json")
    sidecar = provenance(settings, hashes([source, *inputs]), [*exhibits, executed, page], clock)
    write_json(folder / f"{source.stem}.provenance.json", sidecar)


def execute(source: Path, parameters: dict[str, Any]) -> Any:
    """The executed notebook, without times and paths of this machine; raises a sentence for a failing cell."""
    import papermill
    from papermill.exceptions import PapermillException, PapermillExecutionError

    try:
        notebook = papermill.execute_notebook(
            str(source), None, parameters=parameters, kernel_name="python3", progress_bar=False, cwd=None
        )
    except PapermillExecutionError as error:
        cell = error.cell_index if error.exec_count is None else error.exec_count
        raise HypersvgError(f"{source}: cell {cell} failed with {error.ename}: {error.evalue}") from None
    except PapermillException as error:
        raise HypersvgError(f"{source}: {error}") from None
    return without_traces(notebook)


def refuse_unknown(source: Path, parameters: dict[str, Any]) -> None:
    """Raise a sentence when the notebook's parameters cell does not have exactly these names."""
    import papermill

    try:
        has = set(papermill.inspect_notebook(str(source)))
    except FileNotFoundError:
        raise HypersvgError(f"there is no notebook {source}") from None
    except Exception as error:
        raise HypersvgError(f"{source} is not a notebook: {error}") from None
    for name in sorted(set(parameters) ^ has):
        problem = "unknown parameter" if name in parameters else "parameter without a value:"
        raise HypersvgError(
            f"{source}: {problem} '{name}'; its cell tagged 'parameters' has {sorted(has) or 'nothing'}"
        )


def use_own_kernel() -> None:
    """Let ``python3`` mean this interpreter, whatever other kernels the user has; draw without a screen."""
    own = Path(sys.prefix, "share", "jupyter")
    os.environ["JUPYTER_PATH"] = os.pathsep.join(filter(None, (str(own), os.environ.get("JUPYTER_PATH"))))
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ["MPLBACKEND"] = "Agg"
    os.environ["SOURCE_DATE_EPOCH"] = SVG_EPOCH


def without_traces(notebook: Any) -> Any:
    """Drop what differs between two runs on equal numbers: times, durations, paths, a drawn cell id."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
    return notebook


def require(exhibits: list[Path], source: Path) -> None:
    """Raise a sentence for the first declared exhibit that is not there."""
    for path in exhibits:
        if not path.is_file():
            raise HypersvgError(f"{source} ran, but did not write {path}, which it is declared to make")


def as_html(notebook: Any, title: str) -> str:
    """The executed notebook as one page, without the code's prompts."""
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    page, _ = exporter.from_notebook_node(notebook, resources={"metadata": {"name": title}})
    return str(page)


def as_text(notebook: Any) -> str:
    """The executed notebook in its file format."""
    import nbformat

    return str(nbformat.writes(notebook)) + "\n"
