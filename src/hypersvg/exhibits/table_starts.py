"""Table 4.4: every start of the online methods, on bad starting rates."""

import math

import pandas as pd

from hypersvg import thesis
from hypersvg.exhibits.costs import diverged, interval_cell, interval_columns, seeds_note, typed
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent, rate, span, t_interval
from hypersvg.exhibits.names import label
from hypersvg.exhibits.table_online import OWN
from hypersvg.reading.methods import bandits, controls, own, ranked, runs_of
from hypersvg.reading.results import Results, plural

GRID = "bad"
KEYS = ("method", "run")
TOLERANCE = 0.01
"""Relative difference up to which a starting rate counts as the thesis's."""


def table_4_4(results: Results) -> Exhibit:
    """A row a start; the control arms and the user's own methods in blocks of their own."""
    methods = ["adaptive", "grid", *bandits(results.settings), "random"]
    rows = [row for method in methods for row in rows_of(results, method, "thesis")]
    rows += [row for method in controls(results.settings) for row in rows_of(results, method, "control")]
    rows += [row for method in own(results.settings) for row in rows_of(results, method, "own")]
    frame = typed(rows)
    printed = pd.DataFrame([cells(one) for _, one in frame.iterrows()])
    beyond = printed.drop(columns=["thesis acc. [%]", "thesis last lr"])
    display = {
        "": printed[(frame.block == "thesis").to_numpy()],
        "Control arms (not in the thesis)": beyond[(frame.block == "control").to_numpy()],
        **({OWN: beyond[(frame.block == "own").to_numpy()]} if own(results.settings) else {}),
    }
    return Exhibit("table_4_4", "Table 4.4.", frame, KEYS, described(results), None, display, notes(results))


def rows_of(results: Results, method: str, block: str) -> list[dict[str, object]]:
    """The rows of one method, in order of its starts; random search's draws from the largest as well."""
    runs = runs_of(results, method, GRID)
    if method == "random":
        runs = ranked(runs)
        runs["run"] = runs.run.max() - runs.run
    return [row(method, int(str(run)), part, block) for run, part in runs.groupby("run", sort=True)]


def row(method: str, run: int, runs: pd.DataFrame, block: str) -> dict[str, object]:
    """One row of plain numbers."""
    theirs = thesis_line(method, run, runs)
    return {
        "method": method,
        "run": run,
        "block": block,
        "label": label(method),
        "start": runs.start.median(),
        "start_low": runs.start.min(),
        "start_high": runs.start.max(),
        "thesis_start": theirs.start if theirs else None,
        "thesis_accuracy": theirs.accuracy if theirs else None,
        "thesis_rate": theirs.last_rate if theirs else None,
        **interval_columns("val_accuracy", t_interval(runs.quoted_accuracy)),
        "val_low": runs.quoted_accuracy.min(),
        "val_high": runs.quoted_accuracy.max(),
        **interval_columns("test_accuracy", t_interval(runs.test_accuracy)),
        "rate": runs.rate.median(),
        "rate_low": runs.rate.min(),
        "rate_high": runs.rate.max(),
        **diverged(runs),
    }


def thesis_line(method: str, run: int, runs: pd.DataFrame) -> thesis.Line | None:
    """The thesis's row of the same starting rate, or of the draw in the same place for random search."""
    lines = sorted((line for line in thesis.EVERY_START if line.method == method), key=lambda line: -line.start)
    if method == "random":
        return lines[run] if run < len(lines) else None
    start = float(runs.start.median())
    return next((line for line in lines if math.isclose(line.start, start, rel_tol=TOLERANCE)), None)


def cells(row: "pd.Series[float]") -> dict[str, str]:
    """One row as printed."""
    own = ("random", "random_rate", "best_constant")
    start = rate(row["start"])
    if str(row["method"]) in own and row["start_low"] != row["start_high"]:
        start += f" ({rate(row['start_low'])} – {rate(row['start_high'])})"
    theirs = f"; thesis {rate(row['thesis_start'])}" if str(row["method"]) == "random" and row["thesis_start"] else ""
    return {
        "algorithm": str(row["label"]),
        "start": start + theirs,
        "thesis acc. [%]": percent(row["thesis_accuracy"]),
        "val. acc. [%]": interval_cell(row, "val_accuracy"),
        "min – max [%]": span(percent(row["val_low"]), percent(row["val_high"])),
        "test acc. [%]": interval_cell(row, "test_accuracy"),
        "thesis last lr": rate(row["thesis_rate"]),
        "last lr": rate(row["rate"]),
        "lr range": span(rate(row["rate_low"]), rate(row["rate_high"])),
        "diverged": f"{row['diverged']:.0f} of {row['runs']:.0f}",
    }


def described(results: Results) -> str:
    """The caption."""
    return (
        f"Every start of the online methods on bad starting rates after {results.settings.online.steps} steps "
        "(bandits: "
        "after the reset): validation accuracy on all validation images, mean, interval and range over "
        f"{plural(len(results.seeds), 'seed')}, and the last learning rate, median and range over seeds."
    )


def notes(results: Results) -> tuple[str, ...]:
    """How starts are matched and what was decoded."""
    printed = ", ".join(line.printed for line in thesis.EVERY_START if line.printed and "." not in line.printed)
    return (
        seeds_note(len(results.seeds)),
        f"The thesis's rates of random search have lost their decimal points ({printed}) and are read as "
        "0.02728348 and so on; its accuracies are all multiples of 1/10,000 printed in single precision.",
        "Random search has its own draws on every seed: its rows are the draws in order of their rate, the largest "
        "first, "
        "beside the thesis's draws in the same order. Its test accuracy is that of the same rate on fresh seeds, as is "
        "the best constant's.",
        "Starting rates are set beside the thesis's where they agree within 1 %.",
        "Diverged runs count with the accuracy of their last finite parameters.",
    )
