"""The committed reference: what a finished run has to show, and the part of the README that shows some of it."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.experiments.stages import TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import exhibit_files, exhibits_of
from hypersvg.pipeline.gate.machine import machine_class
from hypersvg.pipeline.provenance import uncommitted, write_json, write_text
from hypersvg.pipeline.timings_document import written_timings
from hypersvg.settings.groups import Group

LARGEST = 1_500_000
"""Bytes above which a file is left out of the reference."""
BEGIN, END = "<!-- reference: begin -->", "<!-- reference: end -->"
SHOWN = ("fig_4_01", "fig_4_12", "fig_4_14")
TABLE = "table_4_2"
CLAIMS = ("claims.json", "claims.md")


def exhibits(group: Group) -> tuple[str, ...]:
    """The exhibits' files of a group."""
    return tuple(f"exhibits/{file}" for exhibit in exhibits_of(group) for file in exhibit_files(exhibit))


SENSITIVITY = (
    *("sensitivity/headlines.csv", "sensitivity/claims.csv"),
    *(f"exhibits/{file}" for file in exhibit_files("fig_sensitivity")),
)
SHOWING = {
    "default": exhibits("thesis"),
    "default+estimators": exhibits("estimators"),
    "sensitivity": SENSITIVITY,
}
"""What else than claims and tables a run's reference is made of: exhibits are kept of the runs that documents show."""
WITHOUT_TABLES = ("sensitivity",)
"""Runs that gather the tables of others: there is nothing of their own to compare."""
ON_PAPER = ("offline", "online", "baselines")
"""Stages of the run that `make paper-claims` judges; it may have no others."""


def write_reference(root: Path, run: str) -> list[str]:
    """Copy what a run has to show, and what it is compared by, to ``results/reference/<run>/``.

    Returns what was left out as too large. The default run is shown in the README as well. Raises ``ValueError`` naming
    the first file, or the provenance, that the run lacks; the old reference then stays.
    """
    source, target = root / "results" / run, root / "results" / "reference" / run
    if missing := missing_files(source, run):
        raise ValueError(f"{source / missing[0]} is missing; run `make replicate SCALE={run}` first")
    (page, table), facts = written_timings(root, source), run_facts(source)
    partial = target.with_name(f".{run}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    files = needed_files(run)
    left_out = [file for file in files if (source / file).stat().st_size > LARGEST]
    for file in set(files) - set(left_out):
        shutil.copyfile(source / file, partial / Path(file).name)
    if run not in WITHOUT_TABLES:
        copy_tables(source, partial)
    write_text(partial / "timings.md", page)
    write_text(partial / "timings.csv", table)
    write_json(partial / "run.json", facts)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    if run == "default":
        show_in_readme(root, run)
    return left_out


def needed_files(run: str) -> tuple[str, ...]:
    """Files of a run that its reference shows; its tables come on top."""
    return (*(() if run in WITHOUT_TABLES else CLAIMS), *SHOWING.get(run, ()))


def missing_files(folder: Path, run: str) -> list[str]:
    """Files that the run in ``folder`` lacks for being finished, relative to it."""
    stages = ON_PAPER if run == "paper" else stages_of(group_of(folder))
    tables = [f"tables/{name}.parquet" for (stage, _), name in TABLE_FILES.items() if stage in stages]
    files = (*needed_files(run), *(() if run in WITHOUT_TABLES else ("tables/manifest.json", *tables)))
    return [file for file in files if not (folder / file).is_file()]


def group_of(folder: Path) -> Group:
    """What the run in ``folder`` is made of; one without settings, or of an earlier version, counts as the thesis's."""
    try:
        tree = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "thesis"
    group: Group = tree.get("run", {}).get("group", "thesis")
    return group


def copy_tables(source: Path, target: Path) -> None:
    """The tidy tables, small, and the settings and the manifests without which nobody could read them."""
    (target / "tables").mkdir()
    fashion = "tables/fashion.json"
    for name in ("settings.json", "tables/manifest.json", *([fashion] if (source / fashion).is_file() else [])):
        shutil.copyfile(source / name, target / name)
    for path in sorted((source / "tables").glob("*.parquet")):
        write_small(pd.read_parquet(path), target / "tables" / path.name)


def write_small(frame: pd.DataFrame, path: Path) -> None:
    """Parquet in half of the usual bytes; the same values give the same bytes."""
    floats = [str(name) for name, dtype in frame.dtypes.items() if dtype == "float64"]
    words = [name for name in frame.columns if name not in floats]
    options: dict[str, Any] = {"use_dictionary": words, "use_byte_stream_split": floats, "compression_level": 19}
    frame.to_parquet(path, index=False, compression="zstd", **options)


def run_facts(run: Path) -> dict[str, Any]:
    """Seeds, width, jobs and their time [hours], revisions, versions and machines of a run, from its sidecars.

    ``uncommitted`` counts the jobs that ran with sources that differed from their revision.
    """
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    sidecars = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(run.rglob("*provenance.json"))]
    return {
        "seeds": settings["run"]["seeds"],
        "width": settings["svg"]["width"],
        "jobs": len(sidecars),
        "job_hours": round(sum(sidecar["wall_seconds"] for sidecar in sidecars) / 3600, 2),
        "revisions": distinct(sidecar["git"]["revision"] for sidecar in sidecars),
        "uncommitted": sum(map(uncommitted, sidecars)),
        "versions": sidecars[0]["versions"] if sidecars else {},
        "machines": distinct(machine(sidecar) for sidecar in sidecars),
        "machine_class": machine_class(sidecars),
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
