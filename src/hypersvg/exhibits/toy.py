"""Figure 4.1: rollouts of the imitation optimizer beside the true one, on the toy task."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.names import COLOURBLIND
from hypersvg.exhibits.style import house_style, legend_below, log_axis, new_figure
from hypersvg.reading.results import Levels, Results, plural

MODELS = ("imitation", "persistence")
ERRORS = {"one_step_rmse": "one step", "rollout_rmse": "rollout", "final_rmse": "last"}
MODEL_COLOURS = {"imitation": COLOURBLIND[2], "persistence": "0.4"}
KEYS = ("panel", "momentum", "source", "start", "seed", "step")


def fig_4_01(results: Results) -> Exhibit:
    """True and imitated rollouts a momentum over the loss landscape, and the errors against persistence."""
    toy = results.settings.toy
    momenta: Levels = {"seed": results.seeds, "momentum": toy.momenta}
    steps = list(range(1, toy.steps + 1))
    sources = ["true", "imitation"]
    results.complete("toy_rollouts", {**momenta, "start": toy.evaluation_starts, "source": sources, "step": steps})
    rollouts = results.table("toy_rollouts")
    errors = results.complete("toy_errors", {**momenta, "model": list(MODELS)})
    with house_style():
        figure = drawn(results, rollouts, errors)
    caption = described(results, rollouts, errors)
    return Exhibit("fig_4_01", "Fig. 4.1.", long_frame(rollouts, errors), KEYS, caption, figure)


def long_frame(rollouts: pd.DataFrame, errors: pd.DataFrame) -> pd.DataFrame:
    """Rollouts and errors in one tidy frame; ``start`` and ``step`` are empty in the error panels."""
    melted = errors.melt(["seed", "momentum", "model"], list(ERRORS), var_name="panel", value_name="error")
    return pd.concat(
        [rollouts.assign(panel="rollout"), melted.rename(columns={"model": "source"})], ignore_index=True
    ).astype({"step": "Int64"})


def drawn(results: Results, rollouts: pd.DataFrame, errors: pd.DataFrame) -> Figure:
    """A row a momentum: true, imitated, errors."""
    momenta = results.settings.toy.momenta
    figure = new_figure(results, 0.75 + 2.2 * len(momenta))
    axes = figure.subplots(len(momenta), 3, squeeze=False, width_ratios=(1, 1, 0.75))
    for row, momentum in enumerate(momenta):
        rollout_panels(list(axes[row, :2]), results, rollouts[rollouts.momentum == momentum], momentum)
        error_panel(axes[row, 2], errors[errors.momentum == momentum])
        axes[row, 2].set_title("errors")
    figure.colorbar(
        axes[0, 1].images[0], ax=list(axes[:, :2].flatten()), label="inner loss", fraction=0.03, aspect=35, pad=0.01
    )
    lines = {line.get_label(): line for line in axes[0, 0].get_lines() if not str(line.get_label()).startswith("_")}
    marks = axes[0, 2].get_legend_handles_labels()[0]
    legend_below(figure, [*lines.values(), *marks], len(lines) + len(marks))
    return figure


def rollout_panels(axes: Sequence[Axes], results: Results, rollouts: pd.DataFrame, momentum: float) -> None:
    """True and imitated rollouts of one momentum, over the same landscape."""
    toy = results.settings.toy
    reach = float(rollouts.loc[rollouts.source == "true", "iterate"].abs().max())
    limit = 1.15 * max(toy.start_range, reach)
    for ax, (source, name) in zip(axes, {"true": "true", "imitation": "imitated"}.items(), strict=True):
        landscape(ax, limit, toy.steps)
        rollout_lines(ax, rollouts[rollouts.source == source])
        ax.set(xlim=(0, toy.steps), ylim=(-limit, limit), xlabel="step", title=f"momentum {momentum:g}: {name}")
    axes[0].set_ylabel("iterate $x$")
    axes[1].tick_params(labelleft=False)


def landscape(ax: Axes, limit: float, steps: int) -> None:
    """The toy task's loss ``log(x² + 1 + sin 3x) + 1.5`` (Metz 2021) in grey: dark is low."""
    x = np.linspace(-limit, limit, 600)
    loss = np.log(x**2 + 1 + np.sin(3 * x)) + 1.5
    ax.imshow(
        loss[:, None], extent=(0, steps, -limit, limit), origin="lower", aspect="auto", cmap="Greys_r", alpha=0.55
    )


def rollout_lines(ax: Axes, frame: pd.DataFrame) -> None:
    """One line a start and seed."""
    colours = [COLOURBLIND[index] for index in (0, 1, 2, 3, 4, 5, 8)]
    for index, (start, runs) in enumerate(frame.groupby("start", sort=True)):
        for number, (_, run) in enumerate(runs.groupby("seed")):
            text = f"$x_0 = {start:g}$" if number == 0 else None
            ax.plot(run.step, run.iterate, color=colours[index % len(colours)], linewidth=1.0, alpha=0.85, label=text)


def error_panel(ax: Axes, errors: pd.DataFrame) -> None:
    """Root mean squared errors of imitation and persistence: a dot a seed, a dash for their mean."""
    for shift, model in zip((-0.12, 0.12), MODELS, strict=True):
        part, colour = errors[errors.model == model], MODEL_COLOURS[model]
        for place, error in enumerate(ERRORS):
            values = part[error]
            ax.plot([place + shift] * len(values), values, ".", color=colour, markersize=4)
            name = model if place == 0 else "_repeated"
            ax.plot(place + shift, values.mean(), "_", color=colour, markersize=11, markeredgewidth=2, label=name)
    log_axis(ax)
    ax.set_xticks(range(len(ERRORS)), list(ERRORS.values()))
    ax.set(xlim=(-0.5, len(ERRORS) - 0.5), ylabel="RMSE of $x$")
    ax.grid(axis="y", color="0.9", linewidth=0.6)
    sns.despine(ax=ax)


def described(results: Results, rollouts: pd.DataFrame, errors: pd.DataFrame) -> str:
    """The caption, with the errors measured."""
    toy = results.settings.toy
    starts = ", ".join(f"{start:g}" for start in sorted(rollouts.start.unique()))
    sentences = [
        f"Toy task, inner loss log(x² + 1 + sin 3x) + 1.5 in grey (dark is low): rollouts of {toy.steps} steps of "
        "SGD at "
        f"learning rate {toy.evaluation_rate:g} from the unseen starts x₀ = {starts}; left the true optimizer, "
        "beside it the "
        f"imitation optimizer (Gaussian model, mean an MLP of iterate and rate; one line for each of "
        f"{plural(len(results.seeds), 'seed')}). Right: root mean squared error from the true iterates on held-out "
        "trajectories, dots: seeds, dashes: their mean, for the next iterate, all iterates of a whole rollout and "
        "its last "
        "iterate, beside persistence (s' = s)."
    ]
    for momentum in toy.momenta:
        part = errors[errors.momentum == momentum]
        ours, still = (part.loc[part.model == model, list(ERRORS)].mean() for model in MODELS)
        sentences.append(
            f"Momentum {momentum:g}: one step {ours.one_step_rmse:.3g} against persistence's "
            f"{still.one_step_rmse:.3g}, "
            f"rollout {ours.rollout_rmse:.3g} against {still.rollout_rmse:.3g}."
        )
    sentences.append("With momentum the optimizer is not Markov in (iterate, rate), the network's only inputs.")
    return " ".join(sentences)
