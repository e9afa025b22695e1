"""The one-step hypergradient against evolution strategies: which rates they end at, and what these are worth."""

from typing import Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hypersvg.exhibits.estimators.lines import COLOURS, LABELS, every_seed, median_lines, outer_rates, scaled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

LINES: dict[tuple[str, str], Literal["-", "--"]] = {
    ("one_step", "one step"): "-",
    ("es", "one step"): "--",
    ("es", "window"): "-",
    ("pes", "window"): "-",
    ("es_single", "window"): "-",
}
"""Contenders by method and setting, and the style of their lines."""
KEYS = ("panel", "method", "setting", "seed", "update")


def fig_heuristic(results: Results) -> Exhibit:
    """Objective and learning rate against inner steps."""
    curves = every_seed(results, "heuristic_curves")
    steps = curves[["method", "setting", "seed", "update", "inner_steps"]]
    rates = every_seed(results, "heuristic_parameters").merge(steps, validate="one_to_one")
    with house_style():
        figure = new_figure(results, 3.0)
        axes = list(figure.subplots(1, 2))
        panel(axes[0], curves, "objective", "mean training loss")
        log_axis(axes[0])
        panel(axes[1], rates, "value", "θ = log learning rate")
        letter(axes, ["objective", "learning rate"])
        legend_below(figure, handles(results), 3)
    frame = pd.concat([curves.assign(panel="curves"), rates.assign(panel="rates")], ignore_index=True)
    return Exhibit("fig_heuristic", "The one-step heuristic.", frame, KEYS, described(results), figure)


def panel(ax: Axes, frame: pd.DataFrame, y: str, label: str) -> None:
    """A line a contender."""
    for (method, setting), style in LINES.items():
        median_lines(ax, frame[frame.setting == setting], "inner_steps", y, [method], style)
    ax.set(xlabel="inner steps", ylabel=label)


def handles(results: Results) -> list[Line2D]:
    """The legend: methods with their K."""
    window = results.settings.heuristic.truncation
    return [
        Line2D(
            [],
            [],
            color=COLOURS[method],
            linestyle=style,
            label=f"{LABELS[method]}, K = {1 if setting == 'one step' else window}",
        )
        for (method, setting), style in LINES.items()
    ]


def described(results: Results) -> str:
    """What is drawn, what was scaled, and what differs from the slides."""
    heuristic, unrolled = results.settings.heuristic, results.settings.unrolled
    network = "-".join(str(width) for width in unrolled.hidden)
    return (
        f"A constant learning rate e^θ for MNIST, momentum 0.9, tuned over inner problems of T = {heuristic.length} "
        f"steps; {plural(2 * heuristic.pairs, 'particle')}, σ = {heuristic.sigma:g}, Adam. The one-step hypergradient "
        "(“Gradient Descent: The Ultimate Optimizer”) is backpropagation with K = 1. Lines: medians of "
        f"{plural(len(results.seeds), 'seed')}, bands: all seeds. "
        + outer_rates(heuristic.learning_rates)
        + " "
        + scaled(
            results,
            f"784-{network}-10, one rate tuned over many inner problems",
            "a rate adapted within one training, sizes not given",
        )
    )
