"""The text of ``docs/performance.md`` about ``make bench``: its table, and the slopes of the growth curves."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

Line = dict[str, Any]
HEAD = ("item", "ours", "plain", "floor", "plain / ours", "ours / floor", "goal", "met")
UNMEASURED = "Not measured yet."


def section(lines: Sequence[Line]) -> str:
    """Machine, table, agreement and slopes of one ``make bench``, or that there was none."""
    if not lines:
        return UNMEASURED
    parts = [machine_words(lines[0]["machine"]), table(lines), *agreement(lines), *growth(lines)]
    return "\n\n".join(parts)


def machine_words(machine: Line) -> str:
    """What was measured on, and when."""
    where = "" if machine["device"] == "cpu" else f"{machine['device']}; host: "
    caches = ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
    dirty = ", with uncommitted changes" if machine["dirty"] else ""
    copy, products = (span(machine[name]) for name in ("copy_gb_per_s_range", "gemm_gflop_per_s_range"))
    return (
        f"{where}{machine['cpu']}, {machine['cores']} cores ({caches}), {machine['memory_gib']:.1f} GiB, "
        f"{machine['instruction_set']}, {machine['threads']} threads, PyTorch {machine['torch']}; "
        f"{machine['date']}, revision {str(machine['revision'])[:7]}{dirty}. Measured in the same run: "
        f"copy {machine['copy_gb_per_s']:.1f} GB/s (bytes read plus bytes written; {copy} "
        f"over the run), float32 matrix products {machine['gemm_gflop_per_s']:.0f} GFLOP/s "
        f"({products})."
    )


def span(values: Sequence[float]) -> str:
    """A range in words, whole numbers."""
    low, high = values
    return f"{low:.0f} to {high:.0f}"


def table(lines: Sequence[Line]) -> str:
    """One row a line, median times."""
    rows = [row(line) for line in lines]
    return "\n".join([markdown_row(HEAD), "|:---|---:|---:|---:|---:|---:|:---|:---|", *map(markdown_row, rows)])


def row(line: Line) -> list[str]:
    """The cells of one line."""
    times = [duration(line[key]) for key in ("ours_s", "plain_s", "floor_s")]
    ratios = ["–" if line[key] is None else f"{line[key]:.2f}" for key in ("vs_plain", "vs_floor")]
    return [line["name"], *times, *ratios, *goal(line)]


def goal(line: Line) -> tuple[str, str]:
    """The goal in words, and whether it is met; part of it missing says "not measured"."""
    faster, above = line["goal"]["vs_plain"], line["goal"]["vs_floor"]
    words, met = [], []
    if faster is not None:
        words.append(f"≥ {faster:g} × plain")
        met.append(None if line["vs_plain"] is None else line["vs_plain"] >= faster)
    if above is not None:
        words.append(f"≤ {above:.3g} × floor")
        met.append(None if line["vs_floor"] is None else line["vs_floor"] <= above)
    verdicts = ["not measured" if one is None else "yes" if one else "no" for one in met]
    return ", ".join(words), ", ".join(verdicts)


def duration(seconds: float | None) -> str:
    """Three significant digits in s, ms or µs."""
    if seconds is None:
        return "–"
    factor, unit = next(((f, u) for f, u in ((1, "s"), (1e3, "ms")) if seconds * f >= 1), (1e6, "µs"))
    value = seconds * factor
    return f"{value:.{max(0, 2 - math.floor(math.log10(value)))}f} {unit}"


def agreement(lines: Sequence[Line]) -> list[str]:
    """How far ours and the plain peer are apart after the same updates, where it was checked."""
    sentences = []
    for line in lines:
        for network, apart in (line["agreement"] or {}).items():
            sentences.append(
                f"- {line['name']}, weights of the {network}: {apart['of_weights']:.1e} of their norm, "
                f"{apart['of_movement']:.1e} of how far they moved"
            )
    return ["Ours and the plain peer, started alike, differ after the same updates by", "\n".join(sentences)] * bool(
        sentences
    )


def growth(lines: Sequence[Line]) -> list[str]:
    """The slope of every growth curve of two points or more."""
    found = slopes(lines)
    if not found:
        return []
    head = ["what", "along", "points", "ours", "floor"]
    rows = [[what, size, points, *(f"{one:.2f}" for one in pair)] for what, size, points, *pair in found]
    text = "\n".join([markdown_row(head), "|:---|:---|:---|---:|---:|", *map(markdown_row, rows)])
    return [
        "Growth: the slope of log time over log size, by least squares (1 is linear), of ours and of its floor.",
        text,
    ]


def slopes(lines: Sequence[Line]) -> list[tuple[str, str, str, float, float]]:
    """What grows along which size, its points, and the slopes of ours and of the floor."""
    curves: dict[tuple[str, str], list[tuple[int, float, float]]] = {}
    for line in lines:
        for what, along, size in line["series"]:
            if line["ours_s"] is not None and line["floor_s"] is not None:
                curves.setdefault((what, along), []).append((size, line["ours_s"], line["floor_s"]))
    found = []
    for (what, along), points in curves.items():
        if len(points) > 1:
            sizes, ours, floors = zip(*sorted(points), strict=True)
            shown = ", ".join(f"{size:,}" for size in sizes)
            found.append((what, along, shown, slope(sizes, ours), slope(sizes, floors)))
    return found


def slope(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Least squares of log ``seconds`` over log ``sizes``."""
    return statistics.linear_regression([math.log(x) for x in sizes], [math.log(y) for y in seconds]).slope


def markdown_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
