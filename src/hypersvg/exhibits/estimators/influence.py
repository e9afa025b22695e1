"""Influence balancing: whose gradient estimates find the optimum when the first influence has the wrong sign."""

from matplotlib.axes import Axes

from hypersvg.exhibits.estimators.lines import every_seed, legend, median_lines
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, new_figure
from hypersvg.reading.results import Results, plural

OPTIMUM = -1 / 6
SHOWN = (-1.0, 4.0)
"""θ that is drawn; whoever leaves it does not come back."""
METHODS = ("es", "tbptt", "pes", "es_single", "rtrl")


def fig_influence(results: Results) -> Exhibit:
    """θ over the updates with few and with many particles, beside the exact gradients."""
    frame = every_seed(results, "influence_parameters")
    influence = results.settings.influence
    counts = {"few particles": 2 * influence.few_pairs, "many particles": 2 * influence.many_pairs}
    with house_style():
        figure = new_figure(results, 2.9)
        axes = list(figure.subplots(1, len(counts), sharey=True))
        for ax, setting in zip(axes, counts, strict=True):
            median_lines(ax, frame[frame.setting.isin([setting, "-"])], "update", "value", METHODS)
            frame_of(ax)
        axes[0].set_ylabel("θ")
        letter(axes, [f"{count:,} particles" for count in counts.values()])
        legend_below(figure, legend(METHODS), len(METHODS))
    caption = (
        "Influence balancing: θ from 0.5, K = 1, no resets, gradient descent with rate "
        f"{influence.learning_rate:g}, σ = {influence.sigma:g}; lines: medians of {plural(len(results.seeds), 'seed')},"
        " bands: all seeds; dotted: the optimum −1/6. TBPTT and RTRL need no particles and stand in every panel."
    )
    return Exhibit("fig_influence", "Influence balancing.", frame, KEYS, caption, figure)


KEYS = ("method", "setting", "seed", "update", "parameter")


def frame_of(ax: Axes) -> None:
    """The optimum as a dotted line, and what the axes are."""
    ax.axhline(OPTIMUM, color="0.3", linewidth=0.8, linestyle=":")
    ax.set(xlabel="updates of θ", ylim=SHOWN)
