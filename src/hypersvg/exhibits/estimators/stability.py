"""PES against ES-Single: the rate and the meta-gradients over many inner problems, and the variance by unrolls."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hypersvg.exhibits.estimators.lines import COLOURS, every_seed, legend, median_lines, outer_rates, scaled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

METHODS = ("pes", "es_single")
KEYS = ("panel", "method", "seed", "update", "unrolls")


def fig_stability(results: Results) -> Exhibit:
    """Rate, objective and meta-gradients of PES and ES-Single along their descents, and their variances."""
    panels = {name: every_seed(results, f"stability_{name}") for name in ("parameters", "curves", "gradients")}
    panels["variances"] = every_seed(results, "stability_variances")
    with house_style():
        figure = drawn(results, panels)
    frame = pd.concat([part.assign(panel=panel) for panel, part in panels.items()], ignore_index=True)
    frame = frame.astype(dict.fromkeys(("update", "inner_steps", "unrolls"), "Int64"))
    return Exhibit("fig_stability", "PES against ES-Single.", frame, KEYS, described(results), figure)


def drawn(results: Results, panels: dict[str, pd.DataFrame]) -> Figure:
    """Two by two panels."""
    figure = new_figure(results, 4.6)
    axes = list(figure.subplots(2, 2).flatten())
    median_lines(axes[0], panels["parameters"], "update", "value", METHODS)
    axes[0].set(xlabel="updates of θ", ylabel="θ = log learning rate")
    gradients(axes[1], results, panels["gradients"])
    median_lines(axes[2], panels["curves"], "inner_steps", "objective", METHODS)
    axes[2].set(xlabel="inner steps", ylabel="mean training loss")
    axes[2].xaxis.set_major_locator(MaxNLocator(5))
    log_axis(axes[2])
    median_lines(axes[3], panels["variances"], "unrolls", "variance", METHODS)
    axes[3].set(xlabel="partial unrolls an inner problem", ylabel="variance of its gradient", xscale="log")
    log_axis(axes[3])
    letter(axes, ["adaptation of the rate", "meta-gradients, seed 0", "objective", "variance, θ held"])
    legend_below(figure, legend(METHODS), len(METHODS))
    return figure


def gradients(ax: Axes, results: Results, frame: pd.DataFrame) -> None:
    """Every estimate of the first seed; a vertical line where a new inner problem begins."""
    stability, first = results.settings.stability, frame[frame.seed == results.seeds[0]]
    windows = stability.length // stability.truncation
    for start in range(1, int(frame["update"].max()) + 1, windows):
        ax.axvline(start, color="0.85", linewidth=0.5, zorder=0)
    for method in METHODS:
        rows = first[first.method == method].sort_values("update")
        ax.plot(rows["update"], rows.estimate, color=COLOURS[method], linewidth=0.7)
    ax.set(xlabel="updates of θ", ylabel="estimate of dL/dθ")


def described(results: Results) -> str:
    """What is drawn and what was scaled."""
    stability, unrolled = results.settings.stability, results.settings.unrolled
    network = "-".join(str(width) for width in unrolled.hidden)
    return (
        f"A constant learning rate e^θ for MNIST, momentum 0.9, {plural(2 * stability.pairs, 'particle')}, σ = "
        f"{stability.sigma:g}, K = {stability.truncation}, Adam. (b) vertical lines: starts of inner problems; "
        "(d) trace of the variance of one pair's estimate of the gradient of one whole inner problem, by the spread of "
        f"{plural(stability.repeats, 'pair')}, at the θ where (a) begins. Lines: medians of "
        f"{plural(len(results.seeds), 'seed')}, bands: all seeds. "
        + outer_rates(stability.learning_rates)
        + " "
        + scaled(results, f"784-{network}-10, T = {stability.length}", "T = 2000, network and K not given")
    )
