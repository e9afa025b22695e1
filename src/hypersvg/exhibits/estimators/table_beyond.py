"""The estimators as choosers of the thesis's learning rate, in one table with HyperSVG."""

import math

import pandas as pd
from scipy import stats

from hypersvg.exhibits.costs import cost_cells, costs, diverged, interval_cell, interval_columns, seeds_note, typed
from hypersvg.exhibits.estimators.lines import LABELS
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import rate, span, t_interval
from hypersvg.exhibits.names import label
from hypersvg.reading.beyond import ESTIMATORS, SEARCHES, adaptive, replicated, runs_beyond, searches
from hypersvg.reading.results import Results

GRIDS = ("bad", "good")
KEYS = ("method", "grid")
SVG_LABELS = {"svg": "HyperSVG", "svg_frozen": "HyperSVG, surrogate random and frozen"}
BLOCKS = {
    "steering": "Beyond the thesis: steering at every step",
    "search": "Beyond the thesis: a search, then a fresh training at the rate found",
    "replication": "The replication's own rows",
}


def name_of(method: str) -> str:
    """A method as it is printed; searches with their budget."""
    head, _, tail = method.rpartition("_")
    if head in ESTIMATORS and tail == "adaptive":
        return f"{LABELS[head]}, steering"
    if tail.isdigit() and (head in ESTIMATORS or head in SEARCHES):
        return f"{(LABELS | SVG_LABELS)[head]}, {tail} steps"
    return label(method)


def table_beyond(results: Results) -> Exhibit:
    """Mean over a grid's starting rates, validation and test, with what the runs were charged."""
    settings = results.settings
    blocks = {
        "steering": adaptive(settings),
        "search": [method for name in (*ESTIMATORS, *SEARCHES) for method in searches(settings, name)],
        "replication": replicated(settings),
    }
    frame = typed(
        [row(results, method, grid, block) for block, methods in blocks.items() for method in methods for grid in GRIDS]
    )
    printed = pd.DataFrame([cells(one) for _, one in frame.iterrows()])
    display = {title: printed[(frame.block == block).to_numpy()] for block, title in BLOCKS.items()}
    return Exhibit("table_beyond", "Beyond the thesis.", frame, KEYS, described(results), None, display, notes(results))


def row(results: Results, method: str, grid: str, block: str) -> dict[str, object]:
    """One row of plain numbers."""
    runs = runs_beyond(results, method, grid)
    seeds = runs.groupby("seed")
    return {
        "method": method,
        "grid": grid,
        "block": block,
        "label": name_of(method),
        **interval_columns("val_accuracy", t_interval(seeds.val_accuracy.mean())),
        **interval_columns("test_accuracy", t_interval(seeds.test_accuracy.mean())),
        "worst": float(runs.val_accuracy.min()),
        "rate": runs.rate.median(),
        "rate_low": runs.rate.min(),
        "rate_high": runs.rate.max(),
        "memory": memory(runs),
        **costs(runs),
        **diverged(runs),
    }


def memory(runs: pd.DataFrame) -> float:
    """Spearman's rank correlation of starting and last rate, mean over seeds; NaN where either is constant."""
    found = [
        float(stats.spearmanr(part.start, part.rate).statistic)
        for _, part in runs.groupby("seed")
        if part.start.nunique() > 1 and part.rate.nunique() > 1
    ]
    return sum(found) / len(found) if found else math.nan


def cells(row: "pd.Series[float]") -> dict[str, str]:
    """One row as printed."""
    return {
        "chooser": str(row["label"]),
        "starts": str(row["grid"]),
        "val. acc. [%]": interval_cell(row, "val_accuracy"),
        "test acc. [%]": interval_cell(row, "test_accuracy"),
        "worst run [%]": f"{100 * row['worst']:.2f}",
        "last lr": rate(row["rate"]),
        "lr range": span(rate(row["rate_low"]), rate(row["rate_high"])),
        "start remembered": "–" if math.isnan(row["memory"]) else f"{row['memory']:.2f}",
        **cost_cells(row),
    }


def described(results: Results) -> str:
    """The caption."""
    beyond, steps = results.settings.beyond, results.settings.online.steps
    return (
        f"Who chooses the learning rate of {steps} steps of the true optimizer, from all starting rates of a grid: "
        f"mean over the starts, 95 % interval over seeds. Estimators: {2 * beyond.pairs} particles, windows of "
        f"{beyond.truncation} steps, σ = {beyond.sigma:g} in ln rate, Adam with rate {beyond.learning_rate:g} on ln "
        "rate, none of it tuned."
    )


def notes(results: Results) -> tuple[str, ...]:
    """What a reader must know before comparing rows."""
    beyond = results.settings.beyond
    return (
        seeds_note(len(results.seeds)),
        "Costs are those of all starts of a seed together, particles and warm-ups included; a gradient through K steps "
        "of the true optimizer is charged K steps, although it is dearer than K plain ones.",
        "Steering estimators train their particles beside the main run. Searches are read when so many inner steps "
        "have been spent; then the true optimizer is reset, as after a bandit's warm-up.",
        f"Full ES unrolls inner problems of {beyond.horizon} steps whole; the others unroll problems as long as the "
        f"main run. K-step hypergradient: K = {beyond.backpropagated}.",
        "HyperSVG's step sizes are the replication's own, the estimators' follow from the distance between the starts: "
        "neither was tuned for this comparison.",
        "Start remembered: Spearman's rank correlation of the starting and the last rate, mean over seeds. A chooser "
        "that ignores its start has 0, whether it helps or not.",
    )
