"""``make why``: what would run again and for which reason, a line or two for all jobs with the same reason."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from hypersvg.pipeline.reruns import Causes, Changed, Planned, planned_jobs

NAMED = 3
"""Things of a kind that are named; of more, the first ones and how many there are besides."""


def why(target: str, request: Mapping[str, Any]) -> str:
    """What a run of ``target`` at ``{scale, variant, seeds, device}`` would execute, and why.

    Raises :class:`~hypersvg.pipeline.failures.HypersvgError` where the workflow cannot be planned.
    """
    return in_words(planned_jobs(target, request))


def in_words(jobs: Sequence[Planned]) -> str:
    """Causes first, each with all that share it; tables, notebooks and claims that only follow, on one last line."""
    if not jobs:
        return "nothing would run: every result is up to date"
    told = {word for job in jobs if not is_reader(job) for word in grounds(job)}
    following = [job for job in jobs if is_reader(job) and job.reads and grounds(job) <= told]
    groups: dict[object, list[Planned]] = {}
    for job in jobs:
        if job not in following:
            groups.setdefault((job.causes, job.causes == Causes() and job.reads), []).append(job)
    lines = [paragraph(group) for group in groups.values()]
    if following:
        lines.append(f"after that, as they read it: {listed(subjects(following), limit=None)}")
    return "\n".join(lines)


def grounds(job: Planned) -> set[str]:
    """The files and settings behind a job's own causes, what else there is under the names of its outputs."""
    causes = job.causes
    named = {*causes.edited, *causes.newer, *causes.added, *causes.removed, *(one.key for one in causes.settings)}
    partly = () if job.missing == job.outputs else job.missing
    other = job.outputs if causes.incomplete or causes.command or causes.unknown else ()
    return named | {*partly, *other}


def paragraph(jobs: Sequence[Planned]) -> str:
    """Which jobs would run and the sentences why, which they share: on one line where there is one."""
    again = "" if all(job.missing == job.outputs for job in jobs) else " again"
    names, verb = subjects(jobs), "be made" if all(map(is_reader, jobs)) else "run"
    head = f"{listed(names, limit=None)} would {verb}{again}"
    if len(names) == 1 and verb == "run":
        head = f"{jobs[0].stage} would run{again} ({counted(len(jobs), 'job')})"
    said = sentences(jobs)
    return f"{head}: {said[0]}" if len(said) == 1 else "\n  ".join([f"{head}:", *said])


def is_reader(job: Planned) -> bool:
    """Whether a job gathers, draws or judges what stages made."""
    return job.rule.startswith(("gather_", "notebook_")) or job.rule in ("claims", "sensitivity")


def subjects(jobs: Sequence[Planned]) -> list[str]:
    """Stages with their number of jobs, tables and notebooks by number, the claims."""
    stages = [job.stage for job in jobs if not is_reader(job)]
    found = [f"{stage} ({counted(len(list(same)), 'job')})" for stage, same in groupby(stages)]
    for kind in ("table", "notebook"):
        prefix = "gather_" if kind == "table" else "notebook_"
        names = [job.rule.removeprefix(prefix) for job in jobs if job.rule.startswith(prefix)]
        if names:
            found.append(counted(len(names), kind) + (f" ({listed(names)})" if len(names) <= NAMED else ""))
    return found + [f"the {job.rule}" for job in jobs if job.rule in ("claims", "sensitivity")]


def sentences(jobs: Sequence[Planned]) -> list[str]:
    """The causes that jobs share; what they read where there are none."""
    causes, reads, made = jobs[0].causes, jobs[0].reads, result_of(jobs[0])
    their = "its" if len({job.stage for job in jobs}) == 1 else "their"
    found = {
        f"{made} was left incomplete by a run that was killed": causes.incomplete,
        f"{listed(missing(jobs), 1)} {form(missing(jobs), 'is', 'are')} missing": causes.missing,
        f"{listed(causes.edited)} changed since {made} was made": causes.edited,
        f"{listed(causes.newer)} {form(causes.newer, 'is', 'are')} newer than {made}, and no record in .snakemake says "
        "what it was made from": causes.newer,
        f"{listed(causes.added)} {form(causes.added, 'is a new input', 'are new inputs')}": causes.added,
        f"{listed(causes.removed)} {form(causes.removed, 'is', 'are')} no longer an input": causes.removed,
        **dict.fromkeys(setting_lines(causes.settings), True),
        "the command of the rule changed": causes.command,
        f"{their} input {listed(reads)} would be made again": causes == Causes() and reads,
        f"Snakemake says: {causes.unknown}": causes.unknown,
    }
    return [sentence for sentence, holds in found.items() if holds]


def setting_lines(changes: Sequence[Changed]) -> list[str]:
    """A sentence a setting; of many, the first ones."""
    more = len(changes) - NAMED
    named = [setting_line(change) for change in changes[: NAMED if more > 1 else None]]
    return [*named, f"and {more} more settings"] if more > 1 else named


def setting_line(change: Changed) -> str:
    """A setting, now and then."""
    if change.then is None:
        return f"setting {change.key} is new, with {change.now}; the results were made without it"
    if change.now is None:
        return f"setting {change.key} is gone; the results were made with {change.then}"
    return f"setting {change.key} is {change.now}, the results were made with {change.then}"


def missing(jobs: Iterable[Planned]) -> list[str]:
    """What is missing: whole results, or single files of results that are there."""
    return [path for job in jobs for path in ([result_of(job)] if job.missing == job.outputs else job.missing)]


def result_of(job: Planned) -> str:
    """The folder of a job's outputs, or the first output where others lie there too."""
    return job.outputs[0] if is_reader(job) else str(Path(job.outputs[0]).parent)


def listed(names: Sequence[str], limit: int | None = NAMED) -> str:
    """``a``, ``a and b``, ``a, b and c``; beyond the limit ``a, b, c and 4 more``."""
    shown = list(names) if limit is None or len(names) <= limit + 1 else list(names[:limit])
    if len(shown) < len(names):
        shown.append(f"{len(names) - len(shown)} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def counted(number: int, noun: str) -> str:
    """``1 job``, ``2 jobs``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def form(names: Sequence[str], one: str, many: str) -> str:
    """The form of a verb for one or many."""
    return one if len(names) == 1 else many
