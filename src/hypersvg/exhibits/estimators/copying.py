"""The copy task: who learns to repeat a string from unrolls of one step."""

import math

from hypersvg.exhibits.estimators.lines import every_seed, legend, median_lines, scaled
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.style import house_style, legend_below, letter, new_figure
from hypersvg.reading.results import Results, plural

METHODS = ("es", "tbptt", "pes", "es_single", "backprop")
KEYS = ("method", "setting", "seed", "update")


def fig_copying(results: Results) -> Exhibit:
    """Cross-entropy on fresh strings against inner steps, of a short and of a long string."""
    frame, copying = every_seed(results, "copying_curves"), results.settings.copying
    with house_style():
        figure = new_figure(results, 2.9)
        axes = list(figure.subplots(1, 2, sharey=True))
        for ax, setting in zip(axes, ("short", "long"), strict=True):
            median_lines(ax, frame[frame.setting == setting], "inner_steps", "objective", METHODS)
            ax.axhline(math.log(2), color="0.3", linewidth=0.8, linestyle=":")
            ax.set(xlabel="inner steps", ylim=(0, 1.2))
        axes[0].set_ylabel("cross-entropy a bit [nats]")
        letter(axes, [f"{bits} bits" for bits in (copying.short, copying.long)])
        legend_below(figure, legend(METHODS), len(METHODS))
    here = f"an LSTM of {copying.hidden} units, {2 * copying.pairs} particles"
    caption = (
        f"LSTM copy task, K = {copying.truncation} but for full backpropagation: cross-entropy of a spoken bit on "
        f"strings that nobody learned from, medians of {plural(len(results.seeds), 'seed')}, bands: all seeds; dotted: "
        f"chance. {scaled(results, here, 'sizes not given')}"
    )
    return Exhibit("fig_copying", "LSTM copy task.", frame, KEYS, caption, figure)
