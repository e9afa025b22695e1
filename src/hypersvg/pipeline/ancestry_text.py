"""An ancestry as text for a terminal."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.pipeline.ancestry import Ancestry, Origin, Part
from hypersvg.reading.results import plural
from hypersvg.settings import Settings
from hypersvg.sidecars import FASHION, IMAGES, SHOWN, Sidecar, sha256

ROWS, COLUMNS = 5, 11
"""Rows and columns in question that are printed."""
NAMED = 4
"""Jobs that are named where facts differ between jobs."""
LIBRARIES = ("python", "torch", "numpy", "pandas")


def as_text(found: Ancestry) -> str:
    """The whole of it: the rows, the tables, the jobs, what all of them were made with, and the images."""
    parts = [heading(found), rows_shown(found)]
    if found.page is not None:
        parts.append("Drawn from\n" + grid([table_line(one, found.question) for one in found.origins]))
    parts.append("Jobs\n" + grid([job_line(part) for part in found.parts], JOB_COLUMNS))
    parts.append("Made with\n" + grid(facts(found.jobs)))
    if found.images:
        parts.append("Images\n" + "\n".join(images_line(one) for one in found.images))
    if found.troubles:
        parts.append("Not as recorded\n" + "\n".join(f"  {trouble}" for trouble in found.troubles))
    return "\n\n".join(part for part in parts if part)


def heading(found: Ancestry) -> str:
    """The file and how it came about."""
    if found.page is None:
        made = f"gathered {when(found.origins[0].table)} UTC"
    else:
        made = f"made {when(found.page)} UTC at revision {revision(found.page)}"
    return f"{found.path}\n  {found.rows:,} rows, {made}"


def rows_shown(found: Ancestry) -> str:
    """The first rows in question; nothing where all are."""
    if not found.question:
        return ""
    few, whole = found.chosen.iloc[:ROWS, :COLUMNS], found.chosen.shape
    cut = "" if few.shape == whole else f"\n  (of {plural(whole[0], 'row')} and {plural(whole[1], 'column')})"
    table = grid([[shown(value) for value in row] for row in few.itertuples(index=False)], list(few.columns))
    return f"{found.question}\n{table}{cut}"


def shown(value: Any) -> str:
    """A cell as it is read."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def table_line(one: Origin, question: str) -> list[str]:
    """One gathered table: its rows, those in question, and when it was gathered."""
    chosen = f"{len(one.chosen):,} of {one.rows:,} rows" if question else f"{one.rows:,} rows"
    return [str(one.path), chosen, f"gathered {when(one.table)} UTC"]


JOB_COLUMNS = ["stage", "arm", "seeds", "rows", "finished [UTC]", "took", "file", "SHA-256"]


def job_line(part: Part) -> list[str]:
    """One file of a job: what the job is, the rows in question there, when it was made, and where."""
    stage, arm, seeds = name_of(part.job)
    rows = "" if part.rows is None else f"{part.rows:,}"
    took = f"{part.job.content.get('wall_seconds', float('nan')):.0f} s"
    return [stage, arm, seeds, rows, when(part.job)[:16], took, str(part.file), part.digest[:SHOWN]]


def name_of(job: Sidecar) -> tuple[str, str, str]:
    """Stage, arm and seeds of a job, from its folder."""
    stage, arm, seeds = job.path.parent.parts[-3:]
    first, _, last = seeds.removeprefix("seeds-").partition("-")
    return stage, arm, f"{int(first)}–{int(last)}" if first.isdigit() and last.isdigit() else seeds


def when(sidecar: Sidecar) -> str:
    """Date and time, to the second."""
    return str(sidecar.content.get("finished", "at an unknown time"))[:19].replace("T", " ")


def revision(sidecar: Sidecar) -> str:
    """The git revision, and whether the tree differed from it."""
    state = sidecar.content.get("git") or {}
    if not state.get("revision"):
        return "unknown (no git checkout)"
    return f"{state['revision'][:SHOWN]} ({'with changes that are not committed' if state.get('dirty') else 'clean'})"


def facts(jobs: Sequence[Sidecar]) -> list[list[str]]:
    """What the jobs were made with, a line a fact, and a line more for every other value that some of them have."""
    lines: list[list[str]] = []
    for name, fact in FACTS.items():
        groups: dict[str, list[Sidecar]] = {}
        for job in jobs:
            groups.setdefault(fact(job), []).append(job)
        for value, some in groups.items():
            lines.append([name, value if len(groups) == 1 else f"{value}  [{names(some)}]"])
    return lines


def names(jobs: Sequence[Sidecar]) -> str:
    """Some jobs in a few words."""
    said = [" ".join(name_of(job)) for job in jobs[:NAMED]]
    return ", ".join(said) + (f" and {len(jobs) - NAMED} more" if len(jobs) > NAMED else "")


def code(job: Sidecar) -> str:
    """The source files behind a job, and which of them have another content now."""
    if not job.code:
        return "not recorded by this version"
    changed = [name for name, digest in job.code.items() if not Path(name).is_file() or sha256(Path(name)) != digest]
    now = f"changed since: {', '.join(changed)}" if changed else "unchanged since"
    return f"{len(job.code)} source files, {now}"


def settings(job: Sidecar) -> str:
    """The blocks that a job depends on and those of their values that are not the defaults."""
    if not job.settings:
        return f"not recorded by this version, SHA-256 {str(job.content.get('settings_hash'))[:SHOWN]}"
    other = ", ".join(not_default(job.settings))
    return f"{', '.join(job.settings)}: {f'{other}; all others' if other else 'all'} at their defaults"


def not_default(blocks: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """``svg.width = 32`` for every value that is not its default."""
    defaults = Settings().model_dump(mode="json")
    for block, values in blocks.items():
        for key, value in values.items():
            if defaults.get(block, {}).get(key) != value:
                yield f"{block}.{key} = {json.dumps(value)}"


def packages(job: Sidecar) -> str:
    """The lock file and the versions that matter most."""
    versions = job.content.get("versions", {})
    listed = ", ".join(f"{name} {versions[name]}" for name in LIBRARIES if name in versions)
    return f"{listed}; envs/lock.txt {str(job.content.get('lock_hash'))[:SHOWN]}"


def machine(job: Sidecar) -> str:
    """Device, instruction set, threads and system."""
    found = job.content.get("machine", {})
    kind = found.get("gpu") or found.get("cpu_capability", "unknown processor")
    threads = f"{found.get('threads', '?')} of {found.get('cores', '?')} cores used"
    return f"{job.content.get('device')}, {kind}, {threads}, {found.get('platform', '')}"


FACTS: dict[str, Callable[[Sidecar], str]] = {
    "revision": revision,
    "code": code,
    "settings": settings,
    "packages": packages,
    "machine": machine,
}


def images_line(images: Sidecar) -> str:
    """The images, and the published files that they were cut from."""
    manifest = images.path.with_name("manifest.json")
    told = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    name = FASHION if FASHION in images.outputs else IMAGES
    file, digest = images.path.with_name(name), images.outputs.get(name, "")
    sources = [[other, value[:SHOWN]] for other, value in told.get("checksums", {}).items() if other != name]
    line = f"  {file}  SHA-256 {digest[:SHOWN]}, {told.get('source', 'unknown')}, made {when(images)} UTC"
    return f"{line}\n{grid(sources)}" if sources else line


def grid(rows: Sequence[Sequence[str]], headers: Sequence[str] = ()) -> str:
    """Columns one under the other, indented."""
    text = pd.DataFrame(rows).to_markdown(index=False, headers=headers, tablefmt="plain", disable_numparse=True)
    return "\n".join(f"  {line}".rstrip() for line in text.splitlines())
