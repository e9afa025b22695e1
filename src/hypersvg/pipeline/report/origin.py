"""Where a run comes from: its settings beside the defaults, and what the sidecars of its results say."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypersvg.ledger.document import default_of, dotted, meaning_of, shown
from hypersvg.pipeline.reference import distinct
from hypersvg.pipeline.timings import KINDS, sidecars
from hypersvg.settings import Settings

SHORT = 10
"""Characters of a hash that the page shows."""


@dataclass(frozen=True)
class Setting:
    """One setting of the run beside its default."""

    key: str
    value: str
    default: str
    meaning: str

    @property
    def changed(self) -> bool:
        """Whether the run departs from the default."""
        return self.value != self.default


@dataclass(frozen=True)
class Made:
    """What one sidecar says: which job of which stage, and what it was made from and on."""

    stage: str
    place: str
    revision: str
    dirty: str
    lock: str
    settings: str
    machine: str
    versions: dict[str, str]
    seconds: float
    finished: str


@dataclass(frozen=True)
class Stage:
    """What the sidecars of one stage say together; a list of more than one names a mixture."""

    name: str
    jobs: int
    revisions: list[str]
    dirty: list[str]
    locks: list[str]
    machines: list[str]
    finished: str


def settings_of(settings: Settings) -> list[Setting]:
    """Every setting of a run."""
    values = dotted(settings.model_dump(mode="json"))
    return [Setting(key, shown(value), shown(default_of(key)), meaning_of(key)) for key, value in values.items()]


def made(root: Path, run: Path) -> list[Made]:
    """What the results of a run were made from, those of other runs that it uses included.

    Raises ``ValueError`` where it has no provenance.
    """
    own = sidecars(run)
    return [one(path, run) for path in [*own, *borrowed(root, run, own)]]


def borrowed(root: Path, run: Path, own: Iterable[Path]) -> list[Path]:
    """Sidecars of the jobs of another run, a variant's base, whose tables this run gathered."""
    inputs = {Path(name) for path in own for name in read(path).get("inputs", {})}
    found = {root / name.parent / "provenance.json" for name in inputs if "jobs" in name.parts}
    return sorted(path for path in found if path.is_file() and run.resolve() not in path.resolve().parents)


def read(path: Path) -> dict[str, Any]:
    """The content of a sidecar; raises ``ValueError`` naming it where it is damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}); delete it and run again") from None


def one(path: Path, run: Path) -> Made:
    """One sidecar; what an older version did not record is a dash."""
    content = read(path)
    git, machine, parts = content.get("git", {}), content.get("machine", {}), place_of(path, run).split("/")
    at = next(index for index, part in enumerate(parts) if part in KINDS)
    return Made(
        stage=parts[at + 1] if parts[at] == "jobs" else parts[at],
        place="/".join(parts).removesuffix(".json").removesuffix("provenance").rstrip("/."),
        revision=brief(git.get("revision")),
        dirty={True: "yes", False: "no"}.get(git.get("dirty"), "–"),
        lock=brief(content.get("lock_hash")),
        settings=brief(content.get("settings_hash")),
        machine=words_on(machine, content.get("device")),
        versions=content.get("versions", {}),
        seconds=content["wall_seconds"],
        finished=moment(content.get("finished")),
    )


def place_of(path: Path, run: Path) -> str:
    """Where a sidecar lies: under the run, or with the name of the other run in front."""
    inside = path.is_relative_to(run)
    return path.relative_to(run if inside else run.parent).as_posix()


def brief(digest: str | None) -> str:
    """The first characters of a hash; a dash where there is none."""
    return digest[:SHORT] if digest else "–"


def moment(finished: str | None) -> str:
    """``2026-11-21 21:41:34``, in UTC as the sidecar has it; empty where it has none."""
    return (finished or "")[:19].replace("T", " ")


def words_on(machine: dict[str, Any], device: str | None) -> str:
    """Platform, cores, instruction set and GPU, as far as they were recorded."""
    cores = f"{machine['cores']} cores" if "cores" in machine else None
    parts = [machine.get("platform"), cores, machine.get("cpu_capability"), machine.get("gpu"), device]
    return ", ".join(str(part) for part in parts if part) or "–"


def by_stage(found: list[Made]) -> list[Stage]:
    """The sidecars' sentences by stage, in their order."""
    return [summed([job for job in found if job.stage == name]) for name in dict.fromkeys(job.stage for job in found)]


def summed(jobs: list[Made]) -> Stage:
    """The sentences of one stage's sidecars."""
    return Stage(
        name=jobs[0].stage,
        jobs=len(jobs),
        revisions=distinct(job.revision for job in jobs),
        dirty=distinct(job.dirty for job in jobs),
        locks=distinct(job.lock for job in jobs),
        machines=distinct(job.machine for job in jobs),
        finished=max(job.finished for job in jobs),
    )


def versions_of(found: list[Made]) -> dict[str, list[str]]:
    """The versions of every package that any sidecar names."""
    packages = dict.fromkeys(name for job in found for name in job.versions)
    return {name: distinct(job.versions[name] for job in found if name in job.versions) for name in packages}
