"""Figure 4.7: Bayesian optimization of the learning rate."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypersvg import thesis
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent, percent_range, rate_range, t_interval
from hypersvg.exhibits.names import COLOURBLIND, THESIS_COLOUR
from hypersvg.exhibits.style import band, house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

PHASES = {"initial": ("initial points", COLOURBLIND[9]), "guided": ("guided by the Gaussian process", COLOURBLIND[1])}
QUOTED: dict[str, Any] = {"marker": "^", "linestyle": "", "color": "black", "markersize": 4}
AGAIN: dict[str, Any] = dict(QUOTED, marker="o", color=COLOURBLIND[2], markeredgecolor="black", markeredgewidth=0.4)
THESIS: dict[str, Any] = dict(QUOTED, marker="D", markersize=6, color="none", markeredgecolor=THESIS_COLOUR)
KEYS = ("panel", "seed", "evaluation")


def fig_4_07(results: Results) -> Exhibit:
    """Both phases, best so far, found rate, re-evaluated best."""
    settings = results.settings.baselines
    total = settings.bo_initial + settings.bo_iterations
    evaluations = results.complete("bo_evaluations", {"seed": results.seeds, "evaluation": list(range(1, total + 1))})
    chosen = results.complete("baselines_runs", {"seed": results.seeds, "method": ["bo"]})
    with house_style():
        figure = drawn(results, evaluations, chosen)
    return Exhibit("fig_4_07", "Fig. 4.7.", long_frame(evaluations, chosen), KEYS, described(results, chosen), figure)


def long_frame(evaluations: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Evaluations, and for each seed the found rate as quoted and re-evaluated (evaluation empty)."""
    columns = ["seed", "rate", "val_accuracy"]
    again = chosen[columns].assign(panel="re-evaluated")
    quoted = chosen[["seed", "rate"]].assign(panel="quoted", val_accuracy=chosen.quoted_accuracy)
    shown = evaluations.drop(columns="status").assign(panel="evaluation", status=evaluations.status)
    return pd.concat([shown, quoted, again], ignore_index=True).astype({"evaluation": "Int64"})


def drawn(results: Results, evaluations: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """Accuracy against evaluation, against the rate, and of the chosen rate as quoted and re-evaluated."""
    figure = new_figure(results, 3.2)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.15, 1.15, 0.6))
    progress_panel(left, results, evaluations, chosen)
    rate_panel(middle, evaluations, chosen)
    choice_panel(right, chosen)
    letter([left, middle, right], ["evaluations", "learning rates tried", "found rates"])
    pairs = [ax.get_legend_handles_labels() for ax in (left, middle)]
    legend_below(figure, [handle for handles, _ in pairs for handle in handles], 3)
    return figure


def progress_panel(ax: Axes, results: Results, evaluations: pd.DataFrame, chosen: pd.DataFrame) -> None:
    """Every evaluation, the best so far and the level of the re-evaluated best."""
    for phase, (name, colour) in PHASES.items():
        part = evaluations[evaluations.phase == phase]
        ax.plot(part.evaluation, part.val_accuracy, ".", color=colour, alpha=0.55, markersize=2.5, label=name)
    band(ax, evaluations, "evaluation", "best_so_far", "black", label="best so far")
    mean = float(chosen.val_accuracy.mean())
    ax.axhline(mean, color=COLOURBLIND[2], linestyle="--", label="best, re-evaluated on fresh seeds")
    ax.axvline(results.settings.baselines.bo_initial + 0.5, color="0.6", linewidth=0.8, linestyle=":")
    ax.set(xlabel=f"evaluation ({results.settings.baselines.bo_steps} inner steps each)", ylabel="validation accuracy")
    ax.set_ylim(0, 1)


def rate_panel(ax: Axes, evaluations: pd.DataFrame, chosen: pd.DataFrame) -> None:
    """Accuracy against the rate, the found rates as quoted and re-evaluated, and the thesis's."""
    for phase, (_, colour) in PHASES.items():
        part = evaluations[evaluations.phase == phase]
        ax.plot(part.rate, part.val_accuracy, ".", color=colour, alpha=0.55, markersize=2.5)
    ax.plot(chosen.rate, chosen.quoted_accuracy, label="found rate, as quoted", **QUOTED)
    ax.plot(chosen.rate, chosen.val_accuracy, label="found rate, re-evaluated", **AGAIN)
    theirs = thesis.EPISODIC["bo"]
    ax.plot([theirs.rate], [theirs.accuracy], label="thesis", **THESIS)
    ax.set(xlabel="learning rate", ylim=(0, 1))
    log_axis(ax, "x")


def choice_panel(ax: Axes, chosen: pd.DataFrame) -> None:
    """A line a seed: the found rate's accuracy as quoted and re-evaluated, on an axis of its own."""
    for quoted, again in zip(chosen.quoted_accuracy, chosen.val_accuracy, strict=True):
        ax.plot([0, 1], [quoted, again], color="0.6", linewidth=0.8, zorder=1)
    ax.plot([0] * len(chosen), chosen.quoted_accuracy, **QUOTED)
    ax.plot([1] * len(chosen), chosen.val_accuracy, **AGAIN)
    ax.plot([0], [thesis.EPISODIC["bo"].accuracy], **THESIS)
    ax.set(xlim=(-0.4, 1.4), xticks=[0, 1], xticklabels=["quoted", "re-eval."])


def described(results: Results, chosen: pd.DataFrame) -> str:
    """The caption, with the found rates."""
    settings, theirs = results.settings.baselines, thesis.EPISODIC["bo"]
    quoted, again = t_interval(chosen.quoted_accuracy), t_interval(chosen.val_accuracy)
    return (
        f"Bayesian optimization of the learning rate on [{settings.lowest:g}, {settings.highest:g}] in log10: "
        f"{settings.bo_initial} initial points, then {settings.bo_iterations} guided ones (dotted line), each a fresh "
        f"training of {settings.bo_steps} steps; {plural(len(results.seeds), 'seed')}. Black: best so far, mean and "
        f"smallest to largest seed. Found rate, median (range): {rate_range(chosen.rate)}. Its accuracy as the "
        "thesis would "
        f"quote it, the best of {settings.bo_initial + settings.bo_iterations} noisy evaluations: {quoted.percent()} % "
        f"({percent_range(chosen.quoted_accuracy)}); the same rates re-evaluated on fresh seeds: {again.percent()} "
        "% (mean ± "
        f"95 % t-interval). Thesis: {percent(theirs.accuracy)} % at {theirs.rate:g} ({theirs.where})."
    )
