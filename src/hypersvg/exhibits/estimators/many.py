"""Many hyperparameters: who reaches the lowest objective with equal inner steps, and with which hyperparameters."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from hypersvg.exhibits.estimators.learned import rates_of
from hypersvg.exhibits.estimators.lines import COLOURS, every_seed, legend, median_lines, outer_rates, scaled
from hypersvg.exhibits.estimators.stand_in import stamped_figure, stands_in
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis
from hypersvg.reading.results import Results, plural

Shown = Callable[[pd.Series], pd.Series]
METHODS = ("es", "pes", "es_single", "random_search")
LEARNED = METHODS[:3]
LABELS = ["method", "setting", "seed", "update"]
KEYS = (*LABELS, "parameter")
KINDS: dict[str, Literal["-", ":"]] = {"weight": "-", "bias": ":"}
"""Tensors of a layer and the lines that join them."""
PLURALS = {"weight": "weights", "bias": "biases"}


def fig_many(results: Results) -> Exhibit:
    """The objective over the inner steps spent, and the hyperparameters that every estimator ends with."""
    curves, found = every_seed(results, "many_curves"), last(every_seed(results, "many_parameters"))
    with house_style():
        figure = stamped_figure(results, 4.4)
        axes = figure.subplot_mosaic([["objective"] * 3, ["log rate", "logit momentum", "logit units"]])
        top = axes["objective"]
        median_lines(top, curves, "inner_steps", "objective", METHODS)
        top.set(xlabel="inner steps of all particles", ylabel="mean loss of full unrolls [nats]")
        tensors_panel(axes["log rate"], found, "log rate", np.exp, "learning rate")
        log_axis(axes["log rate"])
        tensors_panel(axes["logit momentum"], found, "logit momentum", sigmoid, "momentum coefficient")
        units_panel(axes["logit units"], found, results)
        letter(list(axes.values()), ["29 hyperparameters", "rates", "momenta", "units"])
        kinds = [Line2D([], [], color="0.3", linestyle=style, label=PLURALS[kind]) for kind, style in KINDS.items()]
        legend_below(figure, [*legend(METHODS), *kinds], 3)
    frame = pd.concat([curves.assign(parameter="-"), found], ignore_index=True)
    return Exhibit("fig_many", "Many hyperparameters.", frame, KEYS, caption(results), figure)


def last(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of each method's last update."""
    return frame[frame["update"] == frame.groupby("method")["update"].transform("max")]


def sigmoid(logits: pd.Series) -> pd.Series:
    """1 / (1 + e^−x)."""
    shares: pd.Series = 1 / (1 + np.exp(-logits))
    return shares


def tensors_panel(ax: Axes, found: pd.DataFrame, kind: str, shown: Shown, label: str) -> None:
    """Medians over seeds by layer, a line for the weights and one for the biases of every estimator."""
    for tensor, style in KINDS.items():
        layers_lines(ax, found, f"{kind} {tensor} ", shown, style)
    ax.set(xlabel="layer", ylabel=label)


def layers_lines(ax: Axes, found: pd.DataFrame, start: str, shown: Shown, style: str) -> None:
    """Of every estimator the median over seeds of the parameters called ``start`` and a layer's number."""
    rows = found[found.parameter.str.startswith(start)]
    rows = rows.assign(layer=rows.parameter.str.removeprefix(start).astype(int), shown=shown(rows.value))
    for method in LEARNED:
        median = rows[rows.method == method].groupby("layer")["shown"].median()
        ax.plot(median.index, median, style, color=COLOURS[method], marker=".", markersize=4)
    ax.set_xticks(sorted(rows.layer.unique()))


def units_panel(ax: Axes, found: pd.DataFrame, results: Results) -> None:
    """Medians over seeds of the units in use by hidden layer; 1 + round((width − 1) · sigmoid(θ)) of them are."""
    width = results.settings.many.width
    layers_lines(ax, found, "logit units ", lambda value: 1 + ((width - 1) * sigmoid(value)).round(), "-")
    ax.set(xlabel="hidden layer", ylabel="units in use", ylim=(0, width + 0.5))
    ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))


def caption(results: Results) -> str:
    """What is seen, and what the slides had."""
    many, side = results.settings.many, 28 // results.settings.many.pooling
    here = (
        f"five layers of at most {many.width} units, {side} × {side} pixels, T = {many.length}, K = {many.truncation}"
    )
    return (
        "A learning rate and a momentum coefficient for each weight and bias tensor, the units of each hidden layer, "
        f"by Adam at equal inner steps, {2 * many.pairs} particles, σ = {many.sigma:g}, from rates of 0.01, momenta of "
        f"0.9 and half of the units; (a) lines: medians of {plural(len(results.seeds), 'seed')}, bands: all seeds; "
        "(b–d) medians of what each estimator ends with. Random search: the best draw so far, each charged the "
        f"{plural(many.problems, 'full unroll')} that judge it. {outer_rates(rates_of(many))} "
        f"{scaled(results, here, 'a 5-layer perceptron on FashionMNIST, sizes not given')}{stands_in(results)}"
    )
