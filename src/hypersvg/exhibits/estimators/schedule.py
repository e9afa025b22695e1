"""Meta-optimizing a learning-rate schedule on MNIST: who finds the valley of the objective, and who stays there."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hypersvg.exhibits.estimators.lines import COLOURS, every_seed, legend, median_lines, outer_rates, scaled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.results import Results, plural

METHODS = ("es", "tbptt", "full_es", "pes", "es_single")
STARTS = ("low rate", "high rate")
KEYS = ("panel", "method", "setting", "seed", "update", "log_rate", "log_decay")


def fig_schedule(results: Results) -> Exhibit:
    """The objective over initial rate and decay with the estimators' ways over it, and its curves from both starts."""
    curves = every_seed(results, "schedule_curves")
    ways = every_seed(results, "schedule_parameters").pivot_table(
        "value", ["method", "setting", "seed", "update"], "parameter"
    )
    surfaces = every_seed(results, "schedule_surfaces")
    with house_style():
        figure = drawn(results, surfaces, ways.reset_index(), curves)
    panels = {"map": surfaces, "ways": ways.reset_index(), "curves": curves}
    frame = pd.concat([part.assign(panel=panel) for panel, part in panels.items()], ignore_index=True)
    frame = frame.astype({"update": "Int64", "inner_steps": "Int64"})
    return Exhibit("fig_schedule", "A learning-rate schedule for MNIST.", frame, KEYS, described(results), figure)


def drawn(results: Results, surfaces: pd.DataFrame, ways: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """The map, and a panel of curves a start."""
    figure = new_figure(results, 3.2)
    axes = list(figure.subplots(1, 3, width_ratios=(1.5, 1, 1)))
    mesh = landscape(axes[0], surfaces)
    for method in METHODS:
        for setting in STARTS:
            way(axes[0], ways[(ways.method == method) & (ways.setting == setting)], COLOURS[method])
    figure.colorbar(mesh, ax=axes[0], label="mean training loss", pad=0.01, aspect=30)
    for ax, setting in zip(axes[1:], STARTS, strict=True):
        median_lines(ax, curves[curves.setting == setting], "inner_steps", "objective", METHODS)
        ax.set(xlabel="inner steps", ylabel="mean training loss")
        ax.ticklabel_format(axis="x", style="sci", scilimits=(0, 0))
        log_axis(ax)
    letter(axes, ["objective and ways", "from low rates", "from high rates"])
    legend_below(figure, legend(METHODS), len(METHODS))
    return figure


def landscape(ax: Axes, surfaces: pd.DataFrame) -> QuadMesh:
    """The mean over seeds of the objective, its best point as a star."""
    table = surfaces.groupby(["log_rate", "log_decay"])["objective"].mean().unstack("log_decay")
    mesh = ax.pcolormesh(
        table.columns, table.index, table.to_numpy(), cmap="Greys", shading="nearest", norm=LogNorm(), rasterized=True
    )
    best = table.stack().idxmin()
    assert isinstance(best, tuple)
    ax.plot(best[1], best[0], marker="*", color="white", markeredgecolor="black", markersize=9, zorder=5)
    ax.set(
        xlabel="θ₁ = log decay",
        ylabel="θ₀ = log initial rate",
        xlim=ends(table.columns.to_numpy()),
        ylim=ends(table.index.to_numpy()),
    )
    return mesh


def ends(values: NDArray[np.float64]) -> tuple[float, float]:
    """The edges of the map's outer cells."""
    half = (values[1] - values[0]) / 2
    return float(values[0] - half), float(values[-1] + half)


def way(ax: Axes, rows: pd.DataFrame, colour: str) -> None:
    """The median over seeds of the outer parameters, from a dot at the start to a square at the end."""
    path = rows.groupby("update", sort=True)[["log_rate", "log_decay"]].median()
    ax.plot(path.log_decay, path.log_rate, color=colour, linewidth=1.4)
    ax.plot(path.log_decay.iloc[0], path.log_rate.iloc[0], "o", color="black", markersize=4, zorder=4)
    ax.plot(path.log_decay.iloc[-1], path.log_rate.iloc[-1], "s", color=colour, markeredgecolor="black", markersize=5)


def described(results: Results) -> str:
    """What is drawn and what was scaled."""
    schedule, unrolled = results.settings.schedule, results.settings.unrolled
    network = "-".join(str(width) for width in unrolled.hidden)
    return (
        "(a) Mean training loss under α_t = e^θ₀ / (1 + t/T)^(e^θ₁) (star: best point of the map), and the ways of the "
        "estimators from two starts (dots) to where they end (squares), medians of "
        f"{plural(len(results.seeds), 'seed')}; (b, c) the loss against the inner steps spent, bands: all seeds. "
        f"Momentum 0.9, {plural(2 * schedule.pairs, 'particle')}, σ = {schedule.sigma:g}, Adam; the losses are of "
        "inner problems that no estimator has seen. "
        + outer_rates(schedule.learning_rates)
        + " "
        + scaled(
            results,
            f"784-{network}-10, T = {schedule.length}, K = {schedule.truncation}, decay's horizon T",
            "784-100-100-10, T = 5000, K = 10, decay's horizon 5000 = T",
        )
    )
