"""Two figures that the thesis does not have: its surrogate against the true optimizer, and their loss landscapes."""

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hypersvg.claims.metrics import METRICS
from hypersvg.claims.metrics.surrogate import HIGHEST, landscape
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import t_interval
from hypersvg.exhibits.names import COLOURBLIND, label
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

KINDS = {
    "true": ("true optimizer", "black", "-"),
    "counterfactual": ("(ii) ξ inferred at the recorded rate", COLOURBLIND[1], "-"),
    "mean": ("(iii) ξ = 0", COLOURBLIND[0], "--"),
    "sampled": ("ξ drawn", COLOURBLIND[4], "-."),
    "inferred": ("(i) ξ inferred at the rate itself", COLOURBLIND[2], ":"),
}
LEARNED = ("counterfactual", "mean", "sampled")
STEERED = ("adaptive", "adaptive_frozen", "hypergradient")
KEYS = ("panel", "series", "x", "seed")
CEILING = 1e3


def fig_surrogate(results: Results) -> Exhibit:
    """Skill, derivative, hypergradients offline and online, each beside what knows nothing."""
    frame = pd.concat([skills(results), cosines(results), agreements(results), steering(results)], ignore_index=True)
    with house_style():
        figure = surrogate_drawn(results, frame)
    return Exhibit("fig_surrogate", "Surrogate and truth.", frame, KEYS, described(results, frame), figure)


def rows(panel: str, series: str, x: "list[str] | list[int]", values: "np.ndarray") -> pd.DataFrame:
    """``values [seeds, x]`` as tidy rows."""
    seeds = np.repeat(np.arange(len(values)), len(x))
    columns = {"x": [str(one) for one in x] * len(values), "seed": seeds, "value": values.flatten()}
    return pd.DataFrame({"panel": panel, "series": series, **columns})


def skills(results: Results) -> pd.DataFrame:
    """Skill of one step and of the whole unroll."""
    unrolls = results.settings.offline.unrolls
    series = {"one step": "one_step_skill", "free-running to the end": "free_skill"}
    return pd.concat([rows("skill", name, unrolls, METRICS[metric](results).data) for name, metric in series.items()])


def cosines(results: Results) -> pd.DataFrame:
    """Cosine of the derivative by the rate, and of the hypergradients over trajectories."""
    unrolls = results.settings.offline.unrolls
    first = rows("cosine", "∂g/∂a and ∂s'/∂a", unrolls, METRICS["derivative_cosine"](results).data)
    metric = METRICS["gradient_cosine"]
    return pd.concat([first, *(rows("cosine", kind, unrolls, metric(results, kind=kind).data) for kind in LEARNED)])


def agreements(results: Results) -> pd.DataFrame:
    """Share of offline hypergradients with the true sign."""
    unrolls = results.settings.offline.unrolls
    metric = METRICS["gradient_sign_agreement"]
    return pd.concat([rows("sign", kind, unrolls, metric(results, kind=kind).data) for kind in LEARNED])


def steering(results: Results) -> pd.DataFrame:
    """Share of online hypergradients with the true sign, by method and grid."""
    metric, parts = METRICS["steering_sign_agreement"], []
    for method in STEERED:
        for grid in ("good", "bad"):
            values = metric(results, method=method, grid=grid).data.mean(axis=1, keepdims=True)
            parts.append(rows("steering", method, [grid], values))
    return pd.concat(parts)


def surrogate_drawn(results: Results, frame: pd.DataFrame) -> Figure:
    """Four panels: a point a seed, a bar at their mean."""
    figure = new_figure(results, 4.6)
    axes = figure.subplots(2, 2).flatten()
    look = {kind: (name, colour) for kind, (name, colour, _) in KINDS.items()}
    look |= {"one step": ("one step", COLOURBLIND[5]), "free-running to the end": ("to the end", COLOURBLIND[3])}
    look |= {"∂g/∂a and ∂s'/∂a": ("∂g/∂a, one step", "0.35")}
    look |= {
        name: (label(name), colour) for name, colour in zip(STEERED, (COLOURBLIND[6], "0.6", "black"), strict=True)
    }
    for ax, panel in zip(axes, ("skill", "cosine", "sign", "steering"), strict=True):
        dots(ax, frame[frame.panel == panel], look)
    for ax, level in zip(axes, (0.0, 0.0, 0.5, 0.5), strict=True):
        ax.axhline(level, color="0.5", linestyle=":", linewidth=0.9)
    axes[0].set(ylabel="1 − error / persistence", xlabel="unroll")
    axes[1].set(ylabel="cosine with the truth", xlabel="unroll", ylim=(-1.05, 1.05))
    axes[2].set(ylabel="share of right signs", xlabel="unroll", ylim=(0, 1.05))
    axes[3].set(ylabel="share of right signs", xlabel="starting rates", ylim=(0, 1.05))
    titles = ["skill on held-out trajectories", "directions", "hypergradients, offline", "hypergradients, online"]
    letter(list(axes), titles)
    handles = {text: line for ax in axes for line, text in zip(*ax.get_legend_handles_labels(), strict=True)}
    legend_below(figure, list(handles.values()), 3)
    return figure


def dots(ax: Axes, part: pd.DataFrame, look: dict[str, tuple[str, str]]) -> None:
    """Series side by side at every ``x``."""
    places, series = list(dict.fromkeys(part.x)), list(dict.fromkeys(part.series))
    for index, name in enumerate(series):
        text, colour = look[name]
        shift = (index - (len(series) - 1) / 2) * 0.8 / len(series)
        one = part[part.series == name]
        x = one.x.map(places.index) + shift
        ax.plot(x, one.value, "o", color=colour, markersize=2.2, alpha=0.45, markeredgewidth=0)
        means = one.groupby("x", sort=False).value.mean()
        at = np.array([places.index(place) for place in means.index]) + shift
        ax.plot(at, means, "_", color=colour, markersize=11, markeredgewidth=2, label=text)
    ax.set_xticks(range(len(places)), places)


def described(results: Results, frame: pd.DataFrame) -> str:
    """The caption, with the means."""

    def mean(panel: str, series: str) -> str:
        values = frame[(frame.panel == panel) & (frame.series == series)].groupby("seed").value.mean()
        found = t_interval(values)
        return f"{found.mean:.2g} ± {found.half:.2g}" if found.count > 1 else f"{found.mean:.2g}"

    return (
        f"The surrogate against the true optimizer, {plural(len(results.seeds), 'seed')} (points; bars: means), on "
        "trajectories held out of its training, same initial parameters and minibatches. (a) Skill: 1 − squared error "
        "over that of predicting no change; dotted: no skill. (b) Cosine of the derivative by the learning rate with "
        "the true one, and of the hypergradients of all trajectories with the true ones. (c) Share of hypergradients "
        "with the true sign; dotted: a coin. (d) Online: share of steps at which the policy learned from a "
        "hypergradient of the true one-step sign, with the trained surrogate, with a random, frozen one, and with the "
        "true derivative itself. Means over seeds and unrolls (± 95 % t-interval): skill of one step "
        f"{mean('skill', 'one step')}, to the end {mean('skill', 'free-running to the end')}; signs offline "
        f"{mean('sign', 'counterfactual')}, online {mean('steering', 'adaptive')} (frozen: "
        f"{mean('steering', 'adaptive_frozen')})."
    )


def fig_landscapes(results: Results) -> Exhibit:
    """Loss over constant learning rates through the true optimizer and through the surrogate."""
    frames = [long_landscape(results, kind) for kind in KINDS]
    frame = pd.concat(frames, ignore_index=True)
    with house_style():
        figure = landscapes_drawn(results, frame)
    keys = ("kind", "unroll", "rate", "seed")
    return Exhibit("fig_landscapes", "Loss landscapes.", frame, keys, landscapes_described(results), figure)


def long_landscape(results: Results, kind: str) -> pd.DataFrame:
    """Mean loss over trajectories of a kind, a row a seed, unroll and rate."""
    long = landscape(results, kind).groupby(["seed", "unroll"]).mean().reset_index()
    melted = long.melt(["seed", "unroll"], var_name="rate", value_name="loss").assign(kind=kind)
    return melted.astype({"rate": "float64"})


def landscapes_drawn(results: Results, frame: pd.DataFrame) -> Figure:
    """A column an unroll; above the loss itself, below every curve in units of its own range."""
    unrolls = results.settings.offline.unrolls
    figure = new_figure(results, 4.4)
    axes = figure.subplots(2, len(unrolls), sharex=True, sharey="row", squeeze=False)
    for column, unroll in enumerate(unrolls):
        for kind, (name, colour, style) in KINDS.items():
            part = frame[(frame.unroll == unroll) & (frame.kind == kind)]
            wide = part.pivot(index="rate", columns="seed", values="loss")
            axes[0, column].plot(wide.index, wide.mean(axis=1), color=colour, linestyle=style, label=name)
            scaled = wide.apply(unit)
            axes[1, column].plot(wide.index, scaled, color=colour, linestyle=style, linewidth=0.6, alpha=0.5)
        axes[0, column].set_title(f"unroll {unroll}")
        axes[1, column].set_xlabel("learning rate")
        log_axis(axes[1, column], "x")
    axes[0, 0].set(ylabel="loss after the unroll [nats]", yscale="log")
    axes[1, 0].set(ylabel="loss in units of\nits own range")
    for ax in axes.flatten():
        sns.despine(ax=ax)
    legend_below(figure, axes[0, 0].get_legend_handles_labels()[0], 3, handlelength=2.4)
    return figure


def unit(loss: "pd.Series[float]") -> "pd.Series[float]":
    """Between 0 and 1; a flat curve is 0.5 everywhere."""
    extent = loss.max() - loss.min()
    return (loss - loss.min()) / extent if extent > 1e-9 else loss * 0 + 0.5


def landscapes_described(results: Results) -> str:
    """The caption, with roughness and regret."""

    def mean(metric: str, kind: str) -> str:
        found = t_interval(pd.Series(METRICS[metric](results, kind=kind).data.mean(axis=1)))
        return f"{found.mean:.2g}" if found.count == 1 else f"{found.mean:.2g} ± {found.half:.2g}"

    return (
        f"Validation loss after an unroll at a constant learning rate up to {HIGHEST:g}, from held-out initial "
        "parameters, through the true optimizer and through the trained surrogate. Above: mean over trajectories and "
        f"{plural(len(results.seeds), 'seed')}; losses above {CEILING:g} are cut. Below: every seed's curve in units "
        "of its own range, so that shapes compare. Value (i) is flat by construction: ξ inferred at the rate itself "
        "makes the prediction equal to the recorded state. True roughness minus the surrogate's (sum of second "
        "differences in units of the range; positive is smoother): (ii) "
        f"{mean('roughness_difference', 'counterfactual')}, (iii) "
        f"{mean('roughness_difference', 'mean')}, drawn ξ {mean('roughness_difference', 'sampled')}. True loss lost by "
        f"taking the rate that looks best through the surrogate [nats]: (ii) "
        f"{mean('landscape_regret', 'counterfactual')}, (iii) {mean('landscape_regret', 'mean')}, drawn ξ "
        f"{mean('landscape_regret', 'sampled')}."
    )
