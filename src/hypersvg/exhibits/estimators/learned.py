"""The learned optimizer: who meta-trains it, beside Adam and momentum, and with perturbations of which size."""

from typing import Literal

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hypersvg.exhibits.estimators.lines import LABELS, every_seed, legend, median_lines, outer_rates, scaled
from hypersvg.exhibits.estimators.stand_in import stamped_figure, stands_in, titled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below
from hypersvg.reading.results import Levels, Results, plural
from hypersvg.settings.estimators_meta import Learned, Many

METHODS = ("es", "pes", "es_single")
REFERENCES: dict[str, tuple[str, Literal["--", ":"]]] = {
    "adam": ("Adam, best constant rate", "--"),
    "momentum": ("momentum, best constant rate", ":"),
}
KEYS = ("method", "setting", "seed", "update")
UNIT = "mean loss of full unrolls [nats]"


def fig_learned(results: Results) -> Exhibit:
    """The objective over the inner steps spent, with Adam's and momentum's own as horizontal lines."""
    frame = every_seed(results, "learned_curves")
    with house_style():
        figure = stamped_figure(results, 2.9)
        ax = figure.subplots()
        median_lines(ax, frame, "inner_steps", "objective", METHODS)
        lines = [Line2D([], [], color="0.3", linestyle=style, label=label) for label, style in REFERENCES.values()]
        for name, best in best_rates(results).items():
            ax.axhline(best, color="0.3", linewidth=0.9, linestyle=REFERENCES[name][1])
        ax.set(xlabel="inner steps of all particles", ylabel=UNIT)
        titled(ax, "Learned optimizer")
        legend_below(figure, [*legend(METHODS), *lines], 3)
    return Exhibit("fig_learned", "Meta-training a learned optimizer.", frame, KEYS, learned_caption(results), figure)


def learned_caption(results: Results) -> str:
    """What is seen, and what the slides had."""
    learned = results.settings.learned
    return (
        "Meta-training a learned optimizer, a perceptron of two hidden layers, by Adam at equal inner steps, "
        f"{2 * learned.pairs} particles, σ = {learned.sigma:g}; lines: medians of "
        f"{plural(len(results.seeds), 'seed')}, bands: all seeds; Adam and momentum: the median of each seed's best of "
        f"{len(learned.constant_rates)} constant rates on the same problems. "
        f"{outer_rates(rates_of(learned))} {reduced(results)}{stands_in(results)}"
    )


def reduced(results: Results) -> str:
    """What is smaller than on the slides."""
    learned = results.settings.learned
    side = 28 // learned.pooling
    here = (
        f"T = {learned.length}, K = {learned.truncation}, {side} × {side} pixels, {learned.width} hidden units under a "
        f"learned optimizer of {learned.optimizer_width}"
    )
    return scaled(results, here, "T = 5000, K = 10, 28 × 28 pixels, widths not given")


def rates_of(block: Learned | Many) -> dict[str, float]:
    """Adam's learning rates by contender."""
    return {"es": block.rate_es, "pes": block.rate_pes, "es_single": block.rate_es_single}


def best_rates(results: Results) -> dict[str, float]:
    """The median over seeds of each optimizer's objective at the best constant rate of the seed."""
    levels: Levels = {"seed": results.seeds, "optimizer": list(REFERENCES)}
    rates = results.complete("learned_rates", levels)
    best = rates.groupby(["optimizer", "seed"])["objective"].min().groupby("optimizer").median()
    return {str(name): float(value) for name, value in best.items()}


def fig_smoothing(results: Results) -> Exhibit:
    """The final objective against σ, in single precision, and at the smallest σ in double precision too."""
    frame = every_seed(results, "smoothing_curves")
    last = frame[frame["update"] == frame["update"].max()]
    with house_style():
        figure = stamped_figure(results, 2.9)
        ax = figure.subplots()
        last, precise = last.assign(sigma=last.setting.map(sigma_of)), last.setting.str.contains("double")
        single, double = last[~precise], last[precise]
        median_lines(ax, single, "sigma", "objective", ("es_single",))
        ax.plot(double.sigma, double.objective, "x", color="black", markersize=4)
        before(ax, float(frame[frame["update"] == 0].objective.median()))
        ax.set(xscale="log", xlabel="σ", ylabel=f"final {UNIT}")
        titled(ax, "Learned optimizer")
        legend_below(figure, [*legend(("es_single",)), *marks()], 3)
    return Exhibit("fig_smoothing", "Importance of smoothing.", frame, KEYS, smoothing_caption(results), figure)


def before(ax: Axes, start: float) -> None:
    """The objective before the first update as a dotted line."""
    ax.axhline(start, color="0.3", linewidth=0.9, linestyle=":")


def marks() -> list[Line2D]:
    """What is drawn beside the estimator's line."""
    cross = Line2D([], [], color="black", linestyle="", marker="x", markersize=4, label="in double precision")
    return [cross, Line2D([], [], color="0.3", linestyle=":", label="before meta-training")]


def sigma_of(setting: str) -> float:
    """σ from its label, ``σ = 0.01``, with or without a precision."""
    return float(setting.removeprefix("σ = ").partition(",")[0])


def smoothing_caption(results: Results) -> str:
    """What is seen, and what the slides had."""
    learned, smoothing = results.settings.learned, results.settings.smoothing
    return (
        f"The learned optimizer after {smoothing.inner_steps:,} inner steps of {LABELS['es_single']} by the standard "
        f"deviation σ of the perturbations, learning rate {learned.rate_es_single:g} for all; line: median of "
        f"{plural(len(results.seeds), 'seed')}, band: all seeds, crosses: every seed at the smallest σ in double "
        f"precision. {reduced(results)}{stands_in(results)}"
    )
