"""What the exhibits say whose slide has FashionMNIST where they have MNIST (see :meth:`Results.on_fashion`)."""

from typing import Any

import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hypersvg.exhibits.style import STAMP_COLOUR, STAMP_HEIGHT, new_figure
from hypersvg.reading.results import Results

SENTENCE = "MNIST stands in for FashionMNIST."


def stands_in(results: Results) -> str:
    """The sentence of a caption; empty on FashionMNIST, and on the digits, whose own stamp says what they are."""
    return f" {SENTENCE}" if mnist_stands_in(results) else ""


def mnist_stands_in(results: Results) -> bool:
    """Whether the images of an exhibit are MNIST's."""
    return results.data == "mnist"


def stamped_figure(results: Results, height: float) -> Figure:
    """An empty figure like :func:`~hypersvg.exhibits.style.new_figure` that says whose place its images take.

    On the digits the run's own stamp stands there instead: they are neither.
    """
    figure = new_figure(results, height)
    if not mnist_stands_in(results):
        return figure
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine), "figures are made by new_figure"
    left, bottom, width, top = engine.get()["rect"]
    engine.set(rect=(left, bottom, width, top - STAMP_HEIGHT / height))
    style: dict[str, Any] = {"fontsize": 8, "fontweight": "bold", "color": STAMP_COLOUR}
    figure.text(0.5, 1 - 0.04 / height, SENTENCE.removesuffix("."), ha="center", va="top", **style)
    return figure


def titled(ax: Axes, title: str) -> None:
    """The title of a figure's only panel, which needs no letter."""
    ax.set_title(title)
    sns.despine(ax=ax)
