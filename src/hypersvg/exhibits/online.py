"""Figures 4.8–4.10 and 4.12–4.14: online HyperSVG beside grid and random search."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent, rate, rate_range
from hypersvg.exhibits.names import GRID_COLOUR, RANDOM_COLOUR, label
from hypersvg.exhibits.style import house_style, legend_below, new_figure
from hypersvg.reading.methods import bandits, own, ranked, starts, warm_up
from hypersvg.reading.results import Levels, Results, plural

KEYS = ("method", "grid", "run", "step")
COLOURMAP = LinearSegmentedColormap.from_list("rates", mpl.colormaps["plasma"](np.linspace(0, 0.93, 256)))
OURS = LinearSegmentedColormap.from_list("ours", ["#1b7837", "#7fbf3f", "#e6c619"])
"""The thesis's green and yellow: green is the smallest starting rate, yellow the largest."""

RESETS = {
    "fresh": "fresh initial parameters",
    "initial": "its own initial parameters",
    "predicted": "the surrogate's prediction",
    "kept": "where the warm-up left it",
}


def fig_4_08(results: Results) -> Exhibit:
    """The shorter bandits on good starting rates."""
    return online(results, "fig_4_08", "Fig. 4.8.", bandits(results.settings)[:-1] or bandits(results.settings), "good")


def fig_4_09(results: Results) -> Exhibit:
    """The longest bandit on good starting rates."""
    return online(results, "fig_4_09", "Fig. 4.9.", bandits(results.settings)[-1:], "good")


def fig_4_10(results: Results) -> Exhibit:
    """Adaptive on good starting rates, and the user's own methods."""
    return online(results, "fig_4_10", "Fig. 4.10.", ["adaptive", *own(results.settings)], "good")


def fig_4_12(results: Results) -> Exhibit:
    """The shorter bandits on bad starting rates."""
    return online(results, "fig_4_12", "Fig. 4.12.", bandits(results.settings)[:-1] or bandits(results.settings), "bad")


def fig_4_13(results: Results) -> Exhibit:
    """The longest bandit on bad starting rates."""
    return online(results, "fig_4_13", "Fig. 4.13.", bandits(results.settings)[-1:], "bad")


def fig_4_14(results: Results) -> Exhibit:
    """Adaptive on bad starting rates, and the user's own methods."""
    return online(results, "fig_4_14", "Fig. 4.14.", ["adaptive", *own(results.settings)], "bad")


def online(results: Results, name: str, title: str, methods: Sequence[str], grid: str) -> Exhibit:
    """A row a method: accuracy against step, and the same runs coloured by their last rate."""
    curves = pd.concat([read(results, method, grid) for method in (*methods, "grid", "random")], ignore_index=True)
    frame = summary(curves)
    with house_style():
        figure = drawn(results, frame, methods)
    return Exhibit(name, title, frame, KEYS, described(results, curves, frame, methods, grid), figure)


def read(results: Results, method: str, grid: str) -> pd.DataFrame:
    """All runs of one method; every seed, start and step must be there."""
    settings = results.settings
    is_random = method == "random"
    steps = settings.online.steps + warm_up(method)
    table = "baselines_curves" if method in ("grid", "random") else "online_curves"
    levels: Levels = {
        "method": [method],
        "grid": ["none" if is_random else grid],
        "run": list(range(settings.baselines.random_draws if is_random else starts(settings, grid))),
        "seed": results.seeds,
        "step": list(range(1, steps + 1)),
    }
    frame = results.complete(table, levels)
    return ranked(frame) if is_random else frame


def summary(curves: pd.DataFrame) -> pd.DataFrame:
    """Over the seeds: mean, smallest and largest accuracy a step; median, smallest and largest last rate a run."""
    runs = ["method", "grid", "run"]
    last = curves[curves.step == curves.groupby(runs).step.transform("max")].groupby(runs).rate
    last_rates = pd.DataFrame(
        {"last_rate": last.median(), "last_rate_low": last.min(), "last_rate_high": last.max()}
    ).reset_index()
    starts = curves.groupby(runs, as_index=False).start.median()
    steps = curves.groupby([*runs, "step"], as_index=False).agg(
        phase=("phase", "first"),
        accuracy=("val_accuracy", "mean"),
        accuracy_low=("val_accuracy", "min"),
        accuracy_high=("val_accuracy", "max"),
        diverged=("status", lambda status: int((status == "diverged").sum())),
    )
    steps.insert(4, "step_after_reset", steps.step - steps.method.map(warm_up))
    return steps.merge(starts, on=runs).merge(last_rates, on=runs)


def drawn(results: Results, frame: pd.DataFrame, methods: Sequence[str]) -> Figure:
    """Left: by method and start; right: by the last rate."""
    figure = new_figure(results, 0.6 + 2.4 * len(methods))
    axes = figure.subplots(len(methods), 2, sharey=True, sharex="row", squeeze=False)
    ends = frame.last_rate[frame.last_rate > 0]
    norm = LogNorm(float(ends.min()) / 1.2, float(ends.max()) * 1.2, clip=True)
    others = frame[frame.method.isin(["grid", "random"])]
    for row, method in enumerate(methods):
        ours = frame[frame.method == method]
        left_panel(axes[row, 0], ours, others)
        right_panel(axes[row, 1], ours, others, norm, COLOURMAP)
        for ax in axes[row]:
            mark_reset(ax, method, results.settings.online.steps)
        axes[row, 0].set(ylabel="validation accuracy", title=label(method))
        axes[row, 1].set_title("coloured by last learning rate")
    colours = mpl.cm.ScalarMappable(norm, COLOURMAP)
    figure.colorbar(colours, ax=list(axes[:, 1]), label="last learning rate", aspect=18 * len(methods), pad=0.02)
    first = frame[frame.method == methods[0]].groupby("run").start.first()
    legend_below(figure, legend_handles(first), 4)
    return figure


def start_colours(count: int) -> list[tuple[float, float, float, float]]:
    """Yellow to green for ``count`` starting rates, the first the largest."""
    return [OURS(1 - index / max(count - 1, 1)) for index in range(count)]


def left_panel(ax: Axes, ours: pd.DataFrame, others: pd.DataFrame) -> None:
    """Grid grey, random blue and dashed, ours from yellow to green with a band over seeds."""
    for method, grey, dashes in (("grid", GRID_COLOUR, "-"), ("random", RANDOM_COLOUR, (0, (3, 1.5)))):
        for _, line in others[others.method == method].groupby("run"):
            ax.plot(line.step_after_reset, line.accuracy, color=grey, linestyle=dashes, linewidth=0.8)
    colours = start_colours(ours.run.nunique())
    for colour, (_, line) in zip(colours, ours.groupby("run", sort=True), strict=True):
        ax.fill_between(line.step_after_reset, line.accuracy_low, line.accuracy_high, color=colour, alpha=0.13, lw=0)
        ax.plot(line.step_after_reset, line.accuracy, color=colour, linewidth=1.5)


def right_panel(ax: Axes, ours: pd.DataFrame, others: pd.DataFrame, norm: LogNorm, colours: Colormap) -> None:
    """The same lines, thin for grid (solid) and random (dashed), coloured by the median last rate."""
    for _, line in others.groupby(["method", "run"]):
        dashes = "-" if line.method.iloc[0] == "grid" else (0, (3, 1.5))
        colour = colours(norm(line.last_rate.iloc[0]))
        ax.plot(line.step_after_reset, line.accuracy, color=colour, linewidth=0.7, linestyle=dashes)
    for _, line in ours.groupby("run"):
        ax.plot(line.step_after_reset, line.accuracy, color=colours(norm(line.last_rate.iloc[0])), linewidth=2.0)


def mark_reset(ax: Axes, method: str, steps: int) -> None:
    """Shade the warm-up and mark the reset; label the steps."""
    warm = warm_up(method)
    ax.set(xlim=(-warm if warm else 0, steps), ylim=(0, 1))
    ax.set_xlabel("step after the reset (warm-up before it)" if warm else "step")
    sns.despine(ax=ax)
    if warm:
        ax.axvspan(-warm, 0, color="0.5", alpha=0.10, linewidth=0)
        ax.axvline(0, color="0.3", linewidth=0.8, linestyle="--")
        ax.annotate("reset", (0, 0.02), (3, 0), textcoords="offset points", fontsize=7, color="0.3")


def legend_handles(starts: "pd.Series[float]") -> list[Line2D]:
    """Starting rates of our runs, and the baselines."""
    colours = start_colours(len(starts))
    ours = [
        Line2D([], [], color=colour, linewidth=1.8, label=f"start {rate(start)}")
        for colour, start in zip(colours, starts, strict=True)
    ]
    return [
        *ours,
        Line2D([], [], color=GRID_COLOUR, linewidth=0.9, label="grid search"),
        Line2D([], [], color=RANDOM_COLOUR, linewidth=0.9, linestyle=(0, (3, 1.5)), label="random search"),
    ]


def described(results: Results, curves: pd.DataFrame, frame: pd.DataFrame, methods: Sequence[str], grid: str) -> str:
    """The caption, with the spread of the final accuracies and last rates."""
    last = frame[frame.step_after_reset == results.settings.online.steps]
    sentences = [
        f"Validation accuracy (first {results.settings.data.curve_images:,} validation images) against step, from "
        f"{grid} "
        "starting rates. Left: ours from yellow (largest start) to green (smallest), a line a start; grid search grey, "
        "random search blue and dashed. Right: the same runs by their last learning rate, median over seeds; ours "
        "thick. "
        f"Lines: mean over {plural(len(results.seeds), 'seed')}, bands: smallest to largest seed; random search's "
        "draws differ "
        "by seed and are averaged by their place within the seed's draws."
    ]
    if any(warm_up(method) for method in methods):
        sentences.append(
            "Shaded: warm-up, with the rate steered every step; at the reset the true optimizer starts again from "
            f"{RESETS[results.settings.online.reset]}."
        )
    for method in methods:
        ends, runs = last[last.method == method], curves[curves.method == method]
        ends_rates = runs[runs.step == runs.step.max()].rate
        sentences.append(
            f"{label(method)}: {spread(ends)} after the last step, last rates "
            f"{rate_range(ends_rates)}.{spike(frame, method)}"
        )
    diverged = int(last.diverged.sum())
    sentences.append(
        f"Grid search: {spread(last[last.method == 'grid'])}; random search: {spread(last[last.method == 'random'])}. "
        f"Diverged runs among those drawn: {diverged}."
    )
    return " ".join(sentences)


def spread(ends: pd.DataFrame) -> str:
    """Smallest and largest final accuracy of the starts, means over seeds."""
    return f"{percent(float(ends.accuracy.min()))}–{percent(float(ends.accuracy.max()))} % over the starts"


def spike(frame: pd.DataFrame, method: str) -> str:
    """What the reset does to the mean accuracy, in a sentence."""
    if not warm_up(method):
        return ""
    mean = frame[frame.method == method].groupby("step_after_reset").accuracy.mean()
    return f" The reset takes the mean accuracy from {percent(float(mean.loc[0]))} to {percent(float(mean.loc[1]))} %."
