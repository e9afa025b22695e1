"""How estimators are called and coloured, and their curves over inner steps or updates."""

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from hypersvg.exhibits.names import COLOURBLIND
from hypersvg.reading.results import FILES, Results
from hypersvg.tables import require_rows

LABELS = {
    "es": "truncated ES",
    "es_perturbed": "truncated ES, perturbed states",
    "es_one_step": "truncated ES with K = 1",
    "full_es": "full ES",
    "pes": "PES",
    "pes_analytic": "PES, analytic part",
    "es_single": "ES-Single",
    "rtrl": "RTRL",
    "tbptt": "TBPTT",
    "backprop": "full backpropagation",
    "one_step": "one-step hypergradient",
    "k_step": "K-step hypergradient",
    "random_search": "random search",
}
COLOURS = {
    "es": COLOURBLIND[1],
    "es_perturbed": COLOURBLIND[5],
    "full_es": COLOURBLIND[8],
    "pes": COLOURBLIND[0],
    "pes_analytic": COLOURBLIND[9],
    "es_single": COLOURBLIND[2],
    "rtrl": "black",
    "tbptt": COLOURBLIND[3],
    "backprop": COLOURBLIND[6],
    "one_step": COLOURBLIND[4],
    "k_step": COLOURBLIND[3],
    "random_search": "0.55",
}
"""One colour an estimator on every figure."""


def legend(methods: Sequence[str]) -> list[Line2D]:
    """A line a method, for :func:`~hypersvg.exhibits.style.legend_below`."""
    return [Line2D([], [], color=COLOURS[method], label=LABELS[method]) for method in methods]


def median_lines(ax: Axes, frame: pd.DataFrame, x: str, y: str, methods: Sequence[str], style: str = "-") -> None:
    """Of every method the median over seeds of ``y`` as a line of ``style``, and all seeds as a band.

    The median, not the mean: a seed that diverges has a ceiling there, which no mean survives.
    """
    for method in methods:
        groups = frame[frame.method == method].groupby(x, sort=True)[y]
        summary = groups.agg(["median", "min", "max"]).reset_index()
        ax.plot(summary[x], summary["median"], color=COLOURS[method], linestyle=style)
        ax.fill_between(summary[x], summary["min"], summary["max"], color=COLOURS[method], alpha=0.18, linewidth=0)


def every_seed(results: Results, table: str) -> pd.DataFrame:
    """A table of a stage; whatever row one seed has in it, all seeds must have."""
    frame, keys = results.table(table), list(FILES[table].keys)
    others = [key for key in keys if key != "seed"]
    seeds = pd.DataFrame({"seed": results.seeds})
    require_rows(frame, frame[others].drop_duplicates().merge(seeds, how="cross"), keys, str(results.path(table)))
    return frame


def scaled(results: Results, here: str, there: str) -> str:
    """The sentence of a caption that says what differs from the slides."""
    return f"Scaled at `{results.name}`: {here}; the slides: {there}."


def outer_rates(rates: Mapping[str, float]) -> str:
    """The sentence of a caption with Adam's learning rate for the outer parameters, by contender."""
    named = (f"{LABELS[name]} {rate:g}" for name, rate in rates.items())
    return f"Adam's learning rates: {', '.join(named)}."
