"""``make check``: does a run agree with its committed reference?"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.gate import machine
from hypersvg.pipeline.gate.comparison import Comparison, compare_sides
from hypersvg.pipeline.gate.drift import STRUCTURE, VERDICT, as_frame, printed, text, write_csv
from hypersvg.pipeline.gate.rows import largest
from hypersvg.pipeline.gate.sides import MANIFESTS, Side, changed_settings, command, listed, read_reference, read_run
from hypersvg.pipeline.gate.touched import touched
from hypersvg.pipeline.reference import WITHOUT_TABLES
from hypersvg.settings.groups import CLAIMS

CSV = "check.csv"


def check(root: Path, run: str) -> str:
    """What was compared, in words, where nothing drifted; all that did is in ``results/<run>/check.csv``.

    Prints what drifted and raises :class:`HypersvgError` with its summary, or with the sentence that says why there is
    nothing to compare: no run, an unfinished one, no reference, other seeds, other settings.
    """
    new, old = sides(root / "results", run)
    refuse_other_settings(new, old, run)
    refuse_other_images(new, old, run)
    comparison = examined(compare_sides(new, old), root)
    write_csv(as_frame(comparison.drifts), new.folder / CSV)
    print(heading(comparison))
    if not comparison.drifts:
        return agreement(comparison)
    print(f"\n{printed(comparison.drifts)}\n")
    raise HypersvgError(
        f"{summary(comparison)}; all of it is in {new.folder / CSV}; if it is meant, {command('accept', run)}"
    )


def sides(results: Path, run: str) -> tuple[Side, Side]:
    """The run and its reference; raises a sentence where either is missing."""
    if run in WITHOUT_TABLES:
        raise HypersvgError(
            f"{run} has no tables of its own to compare; {command('check', 'default')} compares its base"
        )
    return read_run(results, run), read_reference(results, run)


def examined(comparison: Comparison, root: Path) -> Comparison:
    """The comparison with the exhibits and claims behind every line."""
    lines = touched(comparison.drifts, comparison.new.folder, root / CLAIMS[comparison.new.group])
    return replace(comparison, drifts=lines)


def refuse_other_settings(new: Side, old: Side, run: str) -> None:
    """Raise a sentence where the run was made with other settings: its numbers are then meant to differ."""
    changed = changed_settings(new, old)
    seeds = {key: (was, now) for key, was, now in changed}.get("run.seeds")
    if seeds is not None:
        raise HypersvgError(
            f"{new.folder} has {seeds[1]} seeds and its reference {seeds[0]}: run {command('replicate', run)} with "
            f"SEEDS={seeds[0]}, or take the new ones with {command('accept', run)}"
        )
    if changed:
        words = listed([f"{key} {text(now)}, there {text(was)}" for key, was, now in changed])
        raise HypersvgError(
            f"{new.folder} was made with other settings than its reference ({words}): run {command('replicate', run)} "
            f"with those of the reference, or take the new numbers with {command('accept', run)}"
        )


def refuse_other_images(new: Side, old: Side, run: str) -> None:
    """Raise a sentence where the run found other images than its reference: its numbers are then meant to differ."""
    for manifest in new.images.keys() & old.images.keys():
        was, now = old.images[manifest], new.images[manifest]
        if was != now:
            raise HypersvgError(
                f"{new.folder} was made on other images than its reference ({now}, there {was}): set "
                f"{MANIFESTS[manifest]} and HYPERSVG_DATA so that it finds those, or take the new numbers with "
                f"{command('accept', run)}"
            )


def heading(comparison: Comparison) -> str:
    """The two sides, and what was asked of their numbers."""
    new, old = comparison.new, comparison.old
    asked = (
        "the same machine class, so every number but seconds must be equal to the last bit"
        if comparison.exact
        else "another machine class, so means over seeds are compared by the seeds' intervals, and keys, counts and "
        f"verdicts exactly ({'; '.join(comparison.classes)})"
    )
    lines = [
        f"run        {new.folder} ({machine.shown(new.facts)})",
        f"reference  {old.folder} ({machine.shown(old.facts)})",
    ]
    return "\n".join([*lines, f"compared   {asked}"])


def agreement(comparison: Comparison) -> str:
    """The closing sentence of a run that agrees."""
    counted = f"{comparison.numbers:,} numbers in {len(comparison.old.tables)} tables"
    claims = f"{len(comparison.old.claims)} claims"
    if comparison.exact:
        return f"{comparison.new.folder} agrees with its reference: {counted} and {claims} are equal"
    found = comparison.means.dropna(subset=["size"])
    nearest = ""
    if len(found):
        most = largest(found, "size")
        nearest = f", the largest at {most['size']:.2g} of its tolerance ({most['table']} {most['number']})"
    return (
        f"{comparison.new.folder} agrees with its reference: keys, gaps and settled numbers of {counted} are equal, "
        f"{len(found):,} means over seeds lie within their tolerances{nearest}, no verdict of {claims} changed"
    )


def summary(comparison: Comparison) -> str:
    """What drifted, in one sentence."""
    ranks = Counter(drift.rank for drift in comparison.drifts)
    lines = [drift for drift in comparison.drifts if drift.rank > VERDICT]
    numbers = sum(drift.moved for drift in lines)
    tables = sorted({drift.table for drift in lines})
    outside = sum(drift.size > 1 for drift in lines)
    parts = [
        f"{ranks[STRUCTURE]} missing, unknown or redefined" if ranks[STRUCTURE] else "",
        f"{ranks[VERDICT] or 'no'} changed verdict{'' if ranks[VERDICT] == 1 else 's'}",
        f"{numbers:,} numbers that moved too far in {listed(tables, 4)}" if numbers else "",
        f"{outside or 'none'} of these groups by more than chance" if numbers else "",
    ]
    return f"{comparison.new.folder} drifted from its reference: {', '.join(part for part in parts if part)}"
