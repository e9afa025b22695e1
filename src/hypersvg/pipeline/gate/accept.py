"""``make accept``: a finished run becomes the reference, and the changelog says what moved."""

from pathlib import Path

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.gate.check import examined, heading
from hypersvg.pipeline.gate.comparison import Comparison, compare_sides
from hypersvg.pipeline.gate.drift import STRUCTURE, printed
from hypersvg.pipeline.gate.rows import largest
from hypersvg.pipeline.gate.sides import changed_settings, listed, read_reference, read_run
from hypersvg.pipeline.provenance import write_text
from hypersvg.pipeline.reference import WITHOUT_TABLES, run_facts, write_reference

CHANGELOG = Path("CHANGELOG.md")
UNRELEASED, SECTION = "## [Unreleased]", "### Changed"


def accept(root: Path, run: str) -> str:
    """Show what drifted, write the reference, and add the changelog's line where something moved; what was done.

    Raises a sentence for a run that is missing or not finished; reference and changelog then stay. A run whose jobs ran
    with uncommitted files is accepted, since a commit makes nothing run again, but ``run.json`` and the answer say so.
    """
    line = None if run in WITHOUT_TABLES else shown_drift(root, run)
    left_out = write_reference(root, run)
    if line is not None:
        path = root / CHANGELOG
        write_text(path, with_line(path.read_text(encoding="utf-8"), line))
    said = [f"results/reference/{run} is up to date; left out as too large: {', '.join(left_out) or 'nothing'}"]
    said += [f"{CHANGELOG}: {line.removeprefix('- ')}"] if line else []
    return "\n".join([*said, *uncommitted(root, run)])


def shown_drift(root: Path, run: str) -> str | None:
    """Print what drifted; the changelog's line, ``None`` where nothing moved."""
    results = root / "results"
    new = read_run(results, run)
    try:
        old = read_reference(results, run)
    except HypersvgError:
        seeds, tables = new.settings["run.seeds"], len(new.tables)
        return f"- Reference `{run}`: {seeds} seeds, {tables} tables, {len(new.claims)} claims."
    comparison = examined(compare_sides(new, old), root)
    print(heading(comparison))
    if comparison.drifts:
        print(f"\n{printed(comparison.drifts)}\n")
    return changelog_line(run, comparison)


def changelog_line(run: str, comparison: Comparison) -> str | None:
    """What moved, in one line: settings, rows, numbers, the largest relative change, verdicts; ``None`` for nothing."""
    parts = [
        *settings_words(comparison),
        *structure_words(comparison),
        *number_words(comparison),
        *verdict_words(comparison),
    ]
    return f"- Reference `{run}`: {'; '.join(parts)}." if parts else None


def settings_words(comparison: Comparison) -> list[str]:
    """Settings of another value."""
    changed = [f"{key} {was} → {now}" for key, was, now in changed_settings(comparison.new, comparison.old)]
    return [f"settings {listed(changed)}"] if changed else []


def structure_words(comparison: Comparison) -> list[str]:
    """Tables with other rows or columns, and claims that came, went or mean something else."""
    names = {
        drift.table if drift.table != "claims" else drift.where
        for drift in comparison.drifts
        if drift.rank == STRUCTURE
    }
    return (
        [f"other rows, columns or claims in {listed(sorted(names - {'settings'}), 5)}"] if names - {"settings"} else []
    )


def number_words(comparison: Comparison) -> list[str]:
    """How many numbers moved, in which tables, and the largest relative change."""
    moved = {name: frame for name, frame in comparison.moved.items() if len(frame)}
    if not moved:
        return []
    count = sum(len(frame) for frame in moved.values())
    name, worst = max(
        ((name, largest(frame, "change")) for name, frame in moved.items()), key=lambda one: one[1]["change"]
    )
    change = f"largest relative change {100 * worst['change']:.2g} %, {name} {worst['number']}"
    return [f"{count:,} numbers moved in {listed(list(moved), 5)} ({change})"]


def verdict_words(comparison: Comparison) -> list[str]:
    """Verdicts that changed, by claim."""
    old, new = comparison.old.claims, comparison.new.claims
    both = [(id_, old[id_]["verdict"], new[id_]["verdict"]) for id_ in old if id_ in new]
    changed = [f"{id_} {was} → {now}" for id_, was, now in both if was != now]
    return [f"verdicts: {', '.join(changed)}"] if changed else []


def with_line(changelog: str, line: str) -> str:
    """The changelog with a line at the end of the unreleased changes; raises a sentence where it has no such part."""
    head, found, rest = changelog.partition(UNRELEASED)
    if not found:
        raise HypersvgError(f"{CHANGELOG} has no part '{UNRELEASED}' to write to; add it")
    end = rest.find("\n## ")
    body, tail = (rest, "") if end < 0 else (rest[:end], rest[end:])
    before, has, section = body.partition(f"\n{SECTION}\n")
    if not has:
        return f"{head}{found}{body.rstrip()}\n\n{SECTION}\n\n{line}\n{tail}"
    after = section.find("\n### ")
    mine, others = (section, "") if after < 0 else (section[:after], section[after:])
    return f"{head}{found}{before}{has}{mine.rstrip()}\n{line}\n{others}{tail}"


def uncommitted(root: Path, run: str) -> list[str]:
    """A sentence about jobs that ran with uncommitted files."""
    count = run_facts(root / "results" / run)["uncommitted"]
    return (
        [f"{count} jobs ran with uncommitted files: commit those with the reference, or CI will not get its numbers"]
        if count
        else []
    )
