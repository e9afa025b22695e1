"""One look for all figures: seaborn's ticks style, colour-blind-safe colours, print sizes, stamp and footer."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from hypersvg.reading.results import Results

WIDTH = 7.2
"""Text width of a double-column page [inch]."""
FOOTER, STAMP_HEIGHT = 0.14, 0.22
"""Height of the footer and of the stamp's line [inch]."""
STAMP_COLOUR = "#b2182b"
RC: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.7,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "lines.linewidth": 1.3,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "svg.hashsalt": "hypersvg",
    "svg.fonttype": "path",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Within it figures are made and saved in the house style; nothing global is changed."""
    look: dict[Any, Any] = {**sns.axes_style("ticks"), **sns.plotting_context("paper"), **RC}
    with mpl.rc_context(look):
        yield


def new_figure(results: Results, height: float, width: float = WIDTH) -> Figure:
    """An empty figure [inch] that carries the run's footer and, on stand-in data, its stamp."""
    top = STAMP_HEIGHT if results.stamp else 0.02
    rect = (0, FOOTER / height, 1, 1 - (FOOTER + top) / height)
    figure = Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(rect=rect))
    figure.text(0.995, 0.02 / height, results.footer, ha="right", va="bottom", fontsize=6, color="0.45")
    if results.stamp:
        bold: dict[str, Any] = {"fontsize": 8, "fontweight": "bold", "color": STAMP_COLOUR}
        figure.text(0.5, 1 - 0.04 / height, results.stamp, ha="center", va="top", **bold)
    return figure


def band(ax: Axes, frame: pd.DataFrame, x: str, y: str, colour: str, **line: Any) -> None:
    """Mean over seeds of ``y`` at every ``x`` as a line, smallest to largest seed as a band."""
    known = frame.dropna(subset=[y])
    groups = known.groupby(x, sort=True)[y]
    summary = groups.agg(["mean", "min", "max"]).reset_index()
    ax.plot(summary[x], summary["mean"], color=colour, **line)
    ax.fill_between(summary[x], summary["min"], summary["max"], color=colour, alpha=0.18, linewidth=0)


def legend_below(figure: Figure, handles: Sequence[Artist], columns: int, **options: Any) -> None:
    """A shared legend under the panels and above the footer; the panels make room for it."""
    height = figure.get_size_inches()[1]
    rows = -(-len(handles) // columns) + (1 if "title" in options else 0)
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine), "figures are made by new_figure"
    left, bottom, width, top = engine.get()["rect"]
    legend_height = (0.06 + 0.165 * rows) / height
    engine.set(rect=(left, bottom + legend_height, width, top - legend_height))
    figure.legend(
        handles=list(handles),
        loc="lower center",
        bbox_to_anchor=(0.5, FOOTER / height),
        ncols=columns,
        borderaxespad=0.1,
        **options,
    )


def log_axis(ax: Axes, which: str = "y") -> None:
    """A log axis labelled at powers of ten, and at 2 and 5 times them where the axis spans less than 1.5 decades."""
    ax.set(**{f"{which}scale": "log"})
    axis = ax.yaxis if which == "y" else ax.xaxis
    low, high = axis.get_view_interval()
    if high / low < 10**1.5:
        axis.set_minor_locator(LogLocator(subs=(2, 5)))
        axis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axis.set_minor_formatter(NullFormatter())


def letter(axes: list[Axes], titles: list[str]) -> None:
    """Panel titles with letters."""
    for index, (ax, title) in enumerate(zip(axes, titles, strict=True)):
        ax.set_title(f"({chr(ord('a') + index)}) {title}")
        sns.despine(ax=ax)
