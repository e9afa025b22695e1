"""Figures 4.3–4.6: offline SVG, its surrogate's loss, its values and its learning rates."""

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hypersvg import thesis
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import rate, rate_range, t_interval
from hypersvg.exhibits.names import COLOURBLIND
from hypersvg.exhibits.style import band, house_style, legend_below, log_axis, new_figure
from hypersvg.reading.results import Levels, Results, plural

COLOUR, TOP_COLOUR, TRUE_COLOUR = COLOURBLIND[1], "#2166ac", "black"
"""Ours, the top-20 % line (blue, as in the thesis) and the truth."""
KEYS = ("unroll", "iteration", "seed")
LOSSES = ["model_loss", "held_out_loss", "persistence_loss"]
VALUES = ["value_inferred", "value_true", "top20"]


def fig_4_03(results: Results) -> Exhibit:
    """Losses and values over all iterations."""
    return values(results, "fig_4_03", "Fig. 4.3.", results.settings.offline.iterations)


def fig_4_04(results: Results) -> Exhibit:
    """Learning rates over all iterations."""
    return rates(results, "fig_4_04", "Fig. 4.4.", results.settings.offline.iterations)


def fig_4_05(results: Results) -> Exhibit:
    """Losses and values over the first half of the iterations."""
    return values(results, "fig_4_05", "Fig. 4.5.", results.settings.offline.iterations // 2)


def fig_4_06(results: Results) -> Exhibit:
    """Learning rates over the first half of the iterations."""
    return rates(results, "fig_4_06", "Fig. 4.6.", results.settings.offline.iterations // 2)


def read(results: Results, iterations: int) -> pd.DataFrame:
    """The first ``iterations`` of every unroll and seed."""
    levels: Levels = {
        "seed": results.seeds,
        "unroll": results.settings.offline.unrolls,
        "iteration": list(range(1, iterations + 1)),
    }
    return results.complete("offline_curves", levels)


def values(results: Results, name: str, title: str, iterations: int) -> Exhibit:
    """Model loss over persistence, and the values (i) and (iv) over the top-20 % line, a column an unroll."""
    curves = read(results, iterations)
    with house_style():
        figure = values_drawn(results, curves)
    frame = curves[[*KEYS, *LOSSES, *VALUES]]
    return Exhibit(name, title, frame, KEYS, values_described(results, curves, iterations), figure)


def values_drawn(results: Results, curves: pd.DataFrame) -> Figure:
    """Two rows: losses, values; a column an unroll."""
    unrolls = results.settings.offline.unrolls
    figure = new_figure(results, 4.2)
    axes = figure.subplots(2, len(unrolls), sharex=True, sharey="row", squeeze=False)
    for column, unroll in enumerate(unrolls):
        part = curves[curves.unroll == unroll]
        loss_panel(axes[0, column], part)
        value_panel(axes[1, column], part)
        axes[0, column].set_title(f"unroll {unroll}")
    axes[0, 0].set_ylabel("squared one-step error\nof a parameter")
    axes[1, 0].set_ylabel("validation accuracy")
    for ax in axes.flatten():
        sns.despine(ax=ax)
    legend_below(figure, legend_handles(), 3, handlelength=2.4)
    return figure


def loss_panel(ax: Axes, part: pd.DataFrame) -> None:
    """Training batch, held-out trajectories and persistence, on a log axis."""
    band(ax, part, "iteration", "persistence_loss", "0.5", linestyle="--", linewidth=1.0)
    band(ax, part, "iteration", "model_loss", COLOUR)
    band(ax, part, "iteration", "held_out_loss", COLOURBLIND[4], linestyle=":", linewidth=1.2)
    log_axis(ax)


def value_panel(ax: Axes, part: pd.DataFrame) -> None:
    """The value as Algorithm 5 gives it, the truth, and the top-20 % line."""
    band(ax, part, "iteration", "top20", TOP_COLOUR, linestyle="-.", linewidth=1.0)
    band(ax, part, "iteration", "value_inferred", COLOUR)
    band(ax, part, "iteration", "value_true", TRUE_COLOUR, marker="o", markersize=2, linewidth=0.9)
    ax.set(ylim=(0, 1), xlabel="iteration")


def legend_handles() -> list[Line2D]:
    """The shared legend."""
    return [
        Line2D([], [], color=COLOUR, label="model loss (training batch)"),
        Line2D([], [], color=COLOURBLIND[4], linestyle=":", label="model loss (held out)"),
        Line2D([], [], color="0.5", linestyle="--", label="persistence, s' = s"),
        Line2D([], [], color=COLOUR, label="(i) value as Algorithm 5 gives it"),
        Line2D([], [], color=TRUE_COLOUR, marker="o", markersize=3, label="(iv) the policy's rate, true optimizer"),
        Line2D([], [], color=TOP_COLOUR, linestyle="-.", label="top 20 % of trajectories"),
    ]


def values_described(results: Results, curves: pd.DataFrame, iterations: int) -> str:
    """The caption, with the last losses and values."""
    sentences = [
        f"Offline SVG, {iterations} iterations, unrolls of "
        f"{', '.join(str(unroll) for unroll in results.settings.offline.unrolls)} steps. Top: loss of the surrogate "
        "(eq. 4.1.1, mean squared one-step error of a parameter) on the training batch and on held-out trajectories, "
        "beside persistence (s' = s), which a useful surrogate must be below. Bottom: value (i), as Algorithm 5 "
        "computes "
        "and the thesis would quote it, which describes the sampled trajectories whatever the policy; value (iv), the "
        "policy's learning rate on the true optimizer; and the mean accuracy of the best 20 % of the trajectories. "
        f"Lines: mean, bands: smallest to largest of {plural(len(results.seeds), 'seed')}."
    ]
    for unroll, part in curves.groupby("unroll", sort=True):
        last = part[part.iteration == part.iteration.max()]
        truth = part.dropna(subset=["value_true"])
        truth = truth[truth.iteration == truth.iteration.max()] if len(truth) else truth
        skill = 1 - last.model_loss.mean() / last.persistence_loss.mean()
        sentences.append(
            f"Unroll {unroll}: at the end loss {last.model_loss.mean():.2g} against persistence's "
            f"{last.persistence_loss.mean():.2g} (skill {skill:.2f}), value (i) "
            f"{t_interval(last.value_inferred).percent()} %, "
            f"(iv) {t_interval(truth.value_true).percent()} %, top 20 % {t_interval(last.top20).percent()} %."
        )
    return " ".join(sentences)


def rates(results: Results, name: str, title: str, iterations: int) -> Exhibit:
    """Learning rates a seed and unroll."""
    curves = read(results, iterations)
    with house_style():
        figure = rates_drawn(results, curves)
    last = curves[curves.iteration == iterations]
    ends = "; ".join(f"unroll {unroll}: {rate_range(part.rate)}" for unroll, part in last.groupby("unroll", sort=True))
    theirs = thesis.EPISODIC["offline"]
    caption = (
        f"Learning rates of the policy in offline SVG, {iterations} iterations, from "
        f"{results.settings.svg.neutral_rate:g} "
        "(Algorithm 6). Thin lines: seeds; thick: their geometric mean. After the last iteration, median (range) over "
        f"{plural(len(results.seeds), 'seed')}: {ends}. Thesis: {rate(theirs.rate)} ({theirs.where})."
    )
    return Exhibit(name, title, curves[[*KEYS, "rate"]], KEYS, caption, figure)


def rates_drawn(results: Results, curves: pd.DataFrame) -> Figure:
    """A panel an unroll, shared log axis."""
    unrolls = results.settings.offline.unrolls
    figure = new_figure(results, 2.5)
    axes = figure.subplots(1, len(unrolls), sharex=True, sharey=True, squeeze=False)[0]
    for ax, unroll in zip(axes, unrolls, strict=True):
        wide = curves[curves.unroll == unroll].pivot(index="iteration", columns="seed", values="rate")
        ax.plot(wide.index, wide, color=COLOUR, linewidth=0.6, alpha=0.6)
        ax.plot(wide.index, wide.prod(axis=1) ** (1 / wide.shape[1]), color=COLOUR, linewidth=1.8)
        ax.axhline(results.settings.svg.neutral_rate, color="0.6", linestyle=":", linewidth=0.9)
        ax.set(xlabel="iteration", title=f"unroll {unroll}")
        log_axis(ax)
        sns.despine(ax=ax)
    axes[0].set_ylabel("learning rate")
    return figure
