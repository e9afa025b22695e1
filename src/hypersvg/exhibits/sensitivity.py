"""One figure: the headline numbers under every alternative of the ledger."""

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.names import COLOURBLIND
from hypersvg.exhibits.style import house_style, new_figure
from hypersvg.reading.results import Results, plural

KEYS = ("choice_variant", "headline")
WIDE = 10
"""Difference of a skill beyond which its axis is logarithmic, but for −1 … 1."""
ROOM = 5
"""Rows that a panel's title and axis take."""
FACTOR = {"percent": 100.0, "share": 100.0}
UNITS = {"percent": "points", "share": "points", "log10 rate": "decades", "ratio": ""}


def fig_sensitivity(results: Results, effects: pd.DataFrame) -> Exhibit:
    """A panel a headline, a row a variant: the difference from the default with its interval."""
    with house_style():
        figure = drawn(results, effects)
    caption = (
        "What one other reading of the thesis changes: difference of a headline number from the default's, paired by "
        f"seed, mean and 95 % t-interval over {plural(len(results.seeds), 'seed')} (with three seeds 4.3 standard "
        "errors wide; cut where it leaves the axis), a row a variant of config/variants that touches the number. "
        "Dotted: the default, with its value. The surrogate's skill: logarithmic beyond −1 … 1."
    )
    return Exhibit("fig_sensitivity", "Sensitivity.", effects, KEYS, caption, figure)


def drawn(results: Results, effects: pd.DataFrame) -> Figure:
    """Panels in columns, each as high as its rows."""
    names = list(dict.fromkeys(effects.sort_values("headline").headline))
    heights = [int((effects.headline == name).sum()) for name in names]
    columns = 3
    order = columns_of(heights, columns)
    tallest = max(sum(heights[index] + ROOM for index in column) for column in order)
    figure = new_figure(results, 0.6 + 0.115 * tallest)
    outer = figure.add_gridspec(1, columns)
    for place_of_column, column in enumerate(order):
        ratios = [heights[index] + ROOM for index in column] or [1]
        inner = outer[place_of_column].subgridspec(len(ratios), 1, height_ratios=ratios)
        for place, index in enumerate(column):
            panel(figure.add_subplot(inner[place]), effects[effects.headline == names[index]])
    return figure


def columns_of(heights: list[int], count: int) -> list[list[int]]:
    """Panels dealt to columns, the tallest first, each to the column that is shortest so far."""
    dealt: list[list[int]] = [[] for _ in range(count)]
    for index in sorted(range(len(heights)), key=lambda one: -heights[one]):
        min(dealt, key=lambda column: sum(heights[one] + ROOM for one in column)).append(index)
    return dealt


def panel(ax: Axes, part: pd.DataFrame) -> None:
    """One headline: variants from the worst to the best."""
    rows = part.sort_values("difference")
    factor, unit = FACTOR.get(rows.unit.iloc[0], 1.0), UNITS[rows.unit.iloc[0]]
    places = np.arange(len(rows))
    error = factor * np.array([rows.difference - rows.low, rows.high - rows.difference])
    extent = factor * float(rows.difference.abs().max()) * 1.6 + 1e-9
    look: dict[str, Any] = {"fmt": "o", "color": COLOURBLIND[0], "markersize": 2.6, "elinewidth": 0.8}
    ax.errorbar(factor * rows.difference, places, xerr=error, **look)
    ax.axvline(0, color="0.4", linestyle=":", linewidth=0.9)
    ax.set_xlim(-extent, extent)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    if extent > WIDE and not unit:
        far = 10.0 ** np.floor(np.log10(extent))
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xticks([-far, -1, 0, 1, far], [f"{tick:g}" for tick in (-far, -1, 0, 1, far)], minor=False)
        ax.set_xticks([], minor=True)
    ax.set_yticks(places, list(rows.choice_variant), fontsize=5.5)
    ax.set_ylim(-0.8, len(rows) - 0.2)
    ax.tick_params(axis="x", labelsize=6)
    level = f"{factor * rows.default.iloc[0]:.3g}"
    ax.set_title(f"{rows.label.iloc[0]}\ndefault {level}", fontsize=7)
    ax.set_xlabel(f"difference [{unit}]" if unit else "difference", fontsize=6, labelpad=1)
    sns.despine(ax=ax)
