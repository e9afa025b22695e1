"""The L2 penalty of a regression: who ends at the penalty with the least final error, from every start."""

import pandas as pd
from matplotlib.axes import Axes

from hypersvg.exhibits.estimators.lines import COLOURS, every_seed, legend, median_lines, scaled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

METHODS = ("es", "full_es", "pes", "es_single")
OPTIMUM = "optimum"
LABELS = ["method", "setting", "seed", "update"]
KEYS = (*LABELS, "parameter")


def fig_ridge(results: Results) -> Exhibit:
    """The penalty's logarithm against inner steps from every start, and the final error above the least one."""
    curves = every_seed(results, "ridge_curves")
    frame = every_seed(results, "ridge_parameters").merge(curves, on=LABELS)
    least = frame[frame.method == OPTIMUM].set_index("seed")
    frame["excess"] = frame.objective / frame.seed.map(least.objective) - 1
    settings = sorted(set(frame.setting) - {"-"})
    with house_style():
        figure = new_figure(results, 2.9)
        axes = list(figure.subplots(1, len(settings) + 1))
        for ax, setting in zip(axes, settings, strict=False):
            median_lines(ax, frame[frame.setting == setting], "inner_steps", "value", METHODS)
            ax.axhline(float(least.value.median()), color="0.3", linewidth=0.8, linestyle=":")
            ax.set(xlabel="inner steps")
        axes[0].set_ylabel("ln penalty")
        excess_panel(axes[-1], frame, settings)
        ridge = results.settings.ridge
        letter(axes, [*(f"from {start:g}" for start in ridge.starts), "excess error"])
        legend_below(figure, legend(METHODS), len(METHODS))
    return Exhibit("fig_ridge", "L2 regularization.", frame, KEYS, described(results), figure)


def excess_panel(ax: Axes, frame: pd.DataFrame, settings: list[str]) -> None:
    """How far the final error of every seed lies above the least one, a column a method and start."""
    for place, method in enumerate(METHODS):
        for number, setting in enumerate(settings):
            rows = frame[(frame.method == method) & (frame.setting == setting)]
            last = rows[rows["update"] == rows["update"].max()].excess.clip(lower=1e-4)
            where = place + 0.22 * (number - (len(settings) - 1) / 2)
            ax.plot([where] * len(last), last, ".", color=COLOURS[method], markersize=4)
            ax.plot(where, last.median(), "_", color=COLOURS[method], markersize=8, markeredgewidth=1.8)
    log_axis(ax)
    ax.set_xticks(range(len(METHODS)), [""] * len(METHODS))
    ax.set(xlabel="by start within a method", ylabel="error / least error − 1")


def described(results: Results) -> str:
    """The caption."""
    ridge = results.settings.ridge
    there = f"T = {ridge.length}, K = {ridge.truncation}, {2 * ridge.pairs} particles, scikit-learn's diabetes set"
    return (
        "Tuning the L2 penalty of a linear regression with telescoping sums, which target the validation error after "
        f"the last step: medians of {plural(len(results.seeds), 'seed')}, bands: all seeds; dotted: the median of the "
        "penalties with the least error on a fine grid. Right: every seed's error above that least error, dashes: "
        f"medians. {scaled(results, there, 'UCI sets, sizes not given')}"
    )
