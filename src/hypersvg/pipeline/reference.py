"""The committed reference: the exhibits of a finished run, and the part of the README that shows them."""

import shutil
from pathlib import Path

from hypersvg.pipeline.exhibits_index import EXHIBITS, exhibit_files
from hypersvg.pipeline.timings import timings

LARGEST = 600_000
"""Bytes above which a file is left out of the reference."""
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
SHOWN = ("fig_4_01", "fig_4_12", "fig_4_14")
TABLE = "table_4_2"


def write_reference(root: Path, run: str) -> list[str]:
    """Copy a run's exhibits to ``results/reference/<run>/`` and show some in the README; returns what was left out.

    Raises ``ValueError`` naming the first exhibit, or the provenance, that the run lacks; the old reference then stays.
    """
    source, target = root / "results" / run / "exhibits", root / "results" / "reference" / run
    files = [file for exhibit in EXHIBITS for file in exhibit_files(exhibit)]
    for file in files:
        if not (source / file).is_file():
            raise ValueError(f"{source / file} is missing; run `make replicate SCALE={run}` first")
    table = timings(root / "results" / run)
    text = f"# Wall time of every job of `{run}` [s]\n\n{table.to_markdown(index=False)}\n"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    left_out = [file for file in files if (source / file).stat().st_size > LARGEST]
    for file in files:
        if file not in left_out:
            shutil.copyfile(source / file, target / file)
    (target / "timings.md").write_text(text, encoding="utf-8")
    readme = root / "README.md"
    readme.write_text(shown(readme.read_text(encoding="utf-8"), target, f"results/reference/{run}"), encoding="utf-8")
    return left_out


def shown(readme: str, folder: Path, where: str) -> str:
    """The README with the figures and the table of ``folder`` between its markers."""
    head, rest = readme.split(BEGIN)
    _, tail = rest.split(END)
    figures = "\n\n".join(f"![{name}]({where}/{name}.png)" for name in SHOWN)
    table = (folder / f"{TABLE}.md").read_text(encoding="utf-8").strip()
    return f"{head}{BEGIN}\n\n{figures}\n\n{table}\n\n{END}{tail}"
