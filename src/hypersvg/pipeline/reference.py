"""The committed reference: what a finished run has to show, and the part of the README that shows some of it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hypersvg.pipeline.exhibits_index import EXHIBITS, exhibit_files
from hypersvg.pipeline.provenance import write_json, write_text
from hypersvg.pipeline.timings_document import written_timings

LARGEST = 600_000
"""Bytes above which a file is left out of the reference."""
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
SHOWN = ("fig_4_01", "fig_4_12", "fig_4_14")
TABLE = "table_4_2"
CLAIMS = ("claims.json", "claims.md")
SENSITIVITY = (
    *("sensitivity/headlines.csv", "sensitivity/claims.csv"),
    *(f"exhibits/{file}" for file in exhibit_files("fig_sensitivity")),
)
FILES: dict[str, tuple[str, ...]] = {"sensitivity": SENSITIVITY, "paper": CLAIMS}
"""What a run's reference is made of; every other run has all exhibits and claims."""


def write_reference(root: Path, run: str) -> list[str]:
    """Copy what a run has to show to ``results/reference/<run>/``; returns what was left out as too large.

    The default run is shown in the README as well. Raises ``ValueError`` naming the first file, or the provenance, that
    the run lacks; the old reference then stays.
    """
    source, target = root / "results" / run, root / "results" / "reference" / run
    files = FILES.get(run) or (
        *CLAIMS,
        *(f"exhibits/{file}" for exhibit in EXHIBITS for file in exhibit_files(exhibit)),
    )
    for file in files:
        if not (source / file).is_file():
            raise ValueError(f"{source / file} is missing; run `make replicate SCALE={run}` first")
    (page, table), facts = written_timings(root, source), run_facts(source)
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    left_out = [file for file in files if (source / file).stat().st_size > LARGEST]
    for file in set(files) - set(left_out):
        shutil.copyfile(source / file, target / Path(file).name)
    write_text(target / "timings.md", page)
    write_text(target / "timings.csv", table)
    write_json(target / "run.json", facts)
    if run == "default":
        show_in_readme(root, run)
    return left_out


def run_facts(run: Path) -> dict[str, Any]:
    """Seeds, width, jobs and their time [hours], revisions, versions and machines of a run, from its sidecars."""
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    sidecars = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(run.rglob("*provenance.json"))]
    return {
        "seeds": settings["run"]["seeds"],
        "width": settings["svg"]["width"],
        "jobs": len(sidecars),
        "job_hours": round(sum(sidecar["wall_seconds"] for sidecar in sidecars) / 3600, 2),
        "revisions": distinct(sidecar["git"]["revision"] for sidecar in sidecars),
        "versions": sidecars[0]["versions"] if sidecars else {},
        "machines": distinct(machine(sidecar) for sidecar in sidecars),
    }


def machine(sidecar: dict[str, Any]) -> str | None:
    """Cores and instruction set in words; ``None`` for a job that only copied or drew."""
    facts = sidecar["machine"]
    return f"{facts['cores']} cores, {facts['cpu_capability']}" if facts.get("cpu_capability") else None


def distinct(values: Iterable[Any]) -> list[str]:
    """The different values, in order."""
    return sorted({str(value) for value in values if value is not None})


def show_in_readme(root: Path, run: str) -> None:
    """Put the run's figures and table between the README's markers."""
    readme, where = root / "README.md", f"results/reference/{run}"
    readme.write_text(shown(readme.read_text(encoding="utf-8"), root / where, where), encoding="utf-8")


def shown(readme: str, folder: Path, where: str) -> str:
    """The README with the figures and the table of ``folder`` between its markers."""
    head, rest = readme.split(BEGIN)
    _, tail = rest.split(END)
    figures = "\n\n".join(f"![{name}]({where}/{name}.png)" for name in SHOWN)
    table = (folder / f"{TABLE}.md").read_text(encoding="utf-8").strip()
    return f"{head}{BEGIN}\n\n{figures}\n\n{table}\n\n{END}{tail}"
