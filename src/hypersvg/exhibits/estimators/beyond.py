"""Does differentiating a learned surrogate beat smoothing the true optimizer? Accuracy against what a search costs."""

import math
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hypersvg.exhibits.estimators.lines import COLOURS, LABELS
from hypersvg.exhibits.estimators.table_beyond import GRIDS, SVG_LABELS
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import t_interval
from hypersvg.exhibits.names import THESIS_COLOUR
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.beyond import ESTIMATORS, SEARCHES, runs_beyond, searches
from hypersvg.reading.results import Results, plural

KEYS = ("panel", "grid", "method", "budget", "run")
SVG_COLOURS = {"svg": THESIS_COLOUR, "svg_frozen": "#e0a3a9"}
STEERING = {**{f"{name}_adaptive": name for name in ESTIMATORS}, "adaptive": "svg", "adaptive_frozen": "svg_frozen"}
"""Steering methods and the chooser whose colour they have."""
LEVELS: dict[str, tuple[str, Literal["--", ":"]]] = {
    "best_constant": ("best constant", "--"),
    "grid": ("start kept", ":"),
}


def fig_beyond(results: Results) -> Exhibit:
    """Searches at their budgets from bad and good starts, steering methods, and the rates that are found."""
    frame = pd.concat([search_rows(results), steering_rows(results), rate_rows(results)], ignore_index=True)
    with house_style():
        figure = drawn(results, frame)
    return Exhibit("fig_beyond", "Beyond the thesis.", frame, KEYS, described(results), figure)


def accuracy(results: Results, method: str, grid: str) -> dict[str, object]:
    """Mean over starts with its 95 % interval over seeds, and what one run was charged."""
    runs = runs_beyond(results, method, grid)
    found = t_interval(runs.groupby("seed").val_accuracy.mean())
    charged = float(runs.inner_steps.mean())
    return {"grid": grid, "method": method, "accuracy": found.mean, "half": found.half, "charged": charged, "run": -1}


def search_rows(results: Results) -> pd.DataFrame:
    """Every chooser at its budgets, and the levels without a search (budget 0)."""
    settings = results.settings
    rows = [
        {**accuracy(results, method, grid), "budget": int(method.rpartition("_")[2]), "chooser": name}
        for name in (*ESTIMATORS, *SEARCHES)
        for method in searches(settings, name)
        for grid in GRIDS
    ]
    rows += [{**accuracy(results, name, grid), "budget": 0, "chooser": name} for name in LEVELS for grid in GRIDS]
    return pd.DataFrame(rows).assign(panel="search")


def steering_rows(results: Results) -> pd.DataFrame:
    """The methods that steer at every step."""
    rows = [
        {**accuracy(results, method, grid), "budget": 0, "chooser": name}
        for method, name in STEERING.items()
        for grid in GRIDS
    ]
    return pd.DataFrame(rows).assign(panel="steering")


def rate_rows(results: Results) -> pd.DataFrame:
    """The rates found at the largest budget that all choosers have: the median over seeds, a row a start."""
    budget = max(set(results.settings.beyond.budgets) & set(results.settings.beyond.svg_budgets), default=0)
    parts = [
        runs_beyond(results, f"{name}_{budget}", grid)
        .groupby("run", as_index=False)
        .agg(start=("start", "median"), rate=("rate", "median"))
        .assign(grid=grid, method=f"{name}_{budget}", budget=budget, chooser=name)
        for name in ((*ESTIMATORS, "svg") if budget else ())
        for grid in GRIDS
    ]
    return pd.concat(parts).assign(panel="rate") if parts else pd.DataFrame()


def colour(name: str) -> str:
    """A chooser's colour on every panel."""
    return (COLOURS | SVG_COLOURS)[name]


def drawn(results: Results, frame: pd.DataFrame) -> Figure:
    """Two panels of searches, one of steering, one of rates."""
    figure = new_figure(results, 5.2)
    axes = list(figure.subplots(2, 2).flatten())
    for ax, grid in zip(axes, GRIDS, strict=False):
        search_panel(ax, frame[(frame.panel == "search") & (frame.grid == grid)])
    steering_panel(axes[2], frame[frame.panel == "steering"])
    rate_panel(axes[3], frame[frame.panel == "rate"])
    letter(axes, ["searches from bad starts", "searches from good starts", "steering at every step", "rates found"])
    names = {**{name: LABELS[name] for name in ESTIMATORS}, **SVG_LABELS}
    handles = [Line2D([], [], color=colour(name), label=text) for name, text in names.items()]
    handles += [Line2D([], [], color="0.3", linestyle=dash, label=text) for text, dash in LEVELS.values()]
    legend_below(figure, handles, 4)
    return figure


def search_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """Accuracy against the budget, with intervals; methods side by side at a budget."""
    for place, name in enumerate((*ESTIMATORS, *SEARCHES)):
        part = rows[rows.chooser == name].sort_values("budget")
        shifted = part.budget * 1.03 ** (place - 3.5)
        half = part.half.fillna(0)
        ax.errorbar(shifted, 100 * part.accuracy, 100 * half, color=colour(name), marker="o", markersize=3, capsize=2)
    for name, (_, dash) in LEVELS.items():
        ax.axhline(100 * rows.loc[rows.chooser == name, "accuracy"].iloc[0], color="0.3", linestyle=dash, linewidth=0.9)
    log_axis(ax, "x")
    within_percent(ax)
    ax.set(xlabel="inner steps of the search", ylabel="validation accuracy [%]")


def steering_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """A point a method and grid: filled from bad starts, open from good ones."""
    methods = list(STEERING)
    for place, method in enumerate(methods):
        for shift, grid in zip((-0.15, 0.15), GRIDS, strict=True):
            one = rows[(rows.method == method) & (rows.grid == grid)].iloc[0]
            shade = colour(str(one.chooser))
            half = 0 if math.isnan(one.half) else 100 * one.half
            face = shade if grid == "bad" else "white"
            ax.errorbar(
                place + shift, 100 * one.accuracy, half, color=shade, marker="o", markersize=4, mfc=face, capsize=2
            )
    ax.set_xticks(range(len(methods)), [""] * len(methods))
    within_percent(ax)
    ax.set(xlabel="bad starts filled, good starts open", ylabel="validation accuracy [%]")


def within_percent(ax: Axes) -> None:
    """No axis leaves 0 to 100 %, however wide an interval is."""
    low, high = ax.get_ylim()
    ax.set_ylim(max(low, 0), min(high, 100))


def rate_panel(ax: Axes, rows: pd.DataFrame) -> None:
    """The rate found against the starting rate; dotted: the start itself."""
    if rows.empty:
        ax.text(0.5, 0.5, "no common budget", ha="center", va="center", transform=ax.transAxes)
        return
    for name in (*ESTIMATORS, "svg"):
        part = rows[rows.chooser == name]
        middle = part.groupby("start").rate.median()  # both grids may have a start
        ax.plot(part.start, part.rate, "o", color=colour(name), markersize=2.5)
        ax.plot(middle.index, middle, color=colour(name), linewidth=1)
    ends = np.array([rows.start.min(), rows.start.max()])
    ax.plot(ends, ends, color="0.3", linestyle=":", linewidth=0.9)
    log_axis(ax, "x")
    log_axis(ax, "y")
    ax.set(xlabel="starting rate", ylabel=f"rate found after {int(rows.budget.iloc[0])} steps")


def described(results: Results) -> str:
    """The caption."""
    steps = results.settings.online.steps
    return (
        f"The thesis's task: validation accuracy after {steps} steps at the rate that was found (a, b) or under a rate "
        "that is steered (c), mean over the starts of a grid, bars: 95 % intervals over "
        f"{plural(len(results.seeds), 'seed')}. Budgets are inner steps of the true optimizer; each of HyperSVG's is "
        "a surrogate update too. (d): the rate found against the start, medians over seeds. Best constant: of a fine "
        "grid, re-evaluated; start kept: grid search's runs."
    )
