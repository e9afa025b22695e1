"""Table 4.2: the best-chosen start of every online method, on good starting rates."""

import math

import pandas as pd

from hypersvg import thesis
from hypersvg.exhibits.costs import (
    cost_cells,
    costs,
    diverged,
    interval_cell,
    interval_columns,
    quoted_columns,
    seeds_note,
    thesis_cells,
    typed,
)
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import rate, span, t_interval
from hypersvg.exhibits.names import label
from hypersvg.reading.methods import bandits, controls, longer, own, runs_of, starts, warm_up
from hypersvg.reading.results import Results
from hypersvg.reading.selection import selected
from hypersvg.settings import Settings

GRID = "good"
KEYS = ("method",)
OWN = "Own methods (not in the thesis)"
THESIS_CELLS = ["thesis acc. [%]", "thesis lr"]


def table_4_2(results: Results) -> Exhibit:
    """Grid, random, adaptive and the bandits; the control arms and the user's own methods in blocks of their own."""
    methods = ["grid", "random", "adaptive", *bandits(results.settings)]
    frame = typed(
        [row(results, method, "thesis") for method in methods]
        + [row(results, method, "control") for method in controls(results.settings)]
        + [row(results, method, "longer") for method in longer(results.settings)]
        + [row(results, method, "own") for method in own(results.settings)]
    )
    printed = pd.DataFrame([cells(one) for _, one in frame.iterrows()])
    beyond = printed.drop(columns=THESIS_CELLS)
    display = {
        "": printed[(frame.block == "thesis").to_numpy()],
        "Control arms (not in the thesis)": beyond[(frame.block == "control").to_numpy()],
        "At the bandits' length (not in the thesis)": beyond[(frame.block == "longer").to_numpy()],
        **({OWN: beyond[(frame.block == "own").to_numpy()]} if own(results.settings) else {}),
    }
    return Exhibit("table_4_2", "Table 4.2.", frame, KEYS, described(results), None, display, notes(results))


def row(results: Results, method: str, block: str) -> dict[str, object]:
    """One row of plain numbers."""
    runs = runs_of(results, method, GRID)
    best = selected(runs, method)
    if method.startswith("bo"):
        best = best.assign(quoted_accuracy=math.nan)  # of a much shorter training
    return {
        "method": method,
        "block": block,
        "label": label(method),
        **quoted_columns(thesis.ONLINE_BEST.get(method)),
        **interval_columns("quoted_accuracy", t_interval(best.quoted_accuracy)),
        **interval_columns("val_accuracy", t_interval(best.val_accuracy)),
        **interval_columns("test_accuracy", t_interval(best.test_accuracy)),
        "rate": best.rate.median(),
        "rate_low": best.rate.min(),
        "rate_high": best.rate.max(),
        "length": length(results.settings, method),
        **costs(runs),
        **diverged(runs),
    }


def length(settings: Settings, method: str) -> str:
    """Inner steps of one run, as the thesis writes them."""
    steps = longer(settings).get(method, settings.online.steps)
    return f"{steps} + {warm_up(method)}" if warm_up(method) else str(steps)


def cells(row: "pd.Series[float]") -> dict[str, str]:
    """One row as printed."""
    return {
        "algorithm": str(row["label"]),
        **thesis_cells(row),
        "as quoted, val. [%]": interval_cell(row, "quoted_accuracy"),
        "re-evaluated, val. [%]": interval_cell(row, "val_accuracy"),
        "re-evaluated, test [%]": interval_cell(row, "test_accuracy"),
        "last lr": rate(row["rate"]),
        "lr range": span(rate(row["rate_low"]), rate(row["rate_high"])),
        "steps": str(row["length"]),
        **cost_cells(row),
    }


def described(results: Results) -> str:
    """The caption."""
    return (
        f"Online comparison of the best-chosen start, from {starts(results.settings, GRID)} good starting rates (grid "
        f"search and ours) or {results.settings.baselines.random_draws} uniform draws (random search). 'As quoted' is "
        "what the thesis would report: the best start of a seed, on that seed. 'Re-evaluated' judges the choice "
        "where it "
        "was not made. Last lr: of the best start, median and range over seeds."
    )


def notes(results: Results) -> tuple[str, ...]:
    """What a reader must know before comparing rows."""
    lines = [
        seeds_note(len(results.seeds)),
        "Re-evaluated: the start chosen on seed k is judged by its mean over the other seeds, averaged over k "
        "(cross-fitting: the whole procedure runs again on every other seed; judgements share seeds, so that the "
        "interval is the jackknife's over seeds). Random search, whose draws differ by seed, and the best constant are "
        f"judged on {results.settings.run.fresh_seeds} fresh seeds instead, others for every seed; Adam's default rate "
        "involves no choice.",
        "Costs are those of all starts of a seed together, warm-ups included (seconds: table_budgets). Steering also "
        "takes one gradient of the task loss a step, at the predicted parameters, which is no inner step.",
        "At the bandits' length: grid search's runs trained on for the longest warm-up, and Bayesian optimization's "
        "rate (Table 4.1) trained afresh for as long as the online runs and as the longest bandit, on fresh seeds. Its "
        "costs are the search's; the training at the found rate comes on top.",
        "Untrained: the policy keeps its start. Frozen: the policy learns through a surrogate that stays random.",
    ]
    if len(results.seeds) == 1:
        lines.append("With one seed there is no other seed to judge a start on: those cells are empty.")
    return tuple(lines)
