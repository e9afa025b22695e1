"""Figure 4.11: wall time of every method alone."""

import itertools

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.names import COLOURBLIND, label
from hypersvg.exhibits.style import house_style, new_figure
from hypersvg.reading.methods import bandits
from hypersvg.reading.results import Results
from hypersvg.tables import TableError

ORDER = ("grid", "random", "bo", "adaptive", "bandit10", "bandit20", "bandit50")
OURS = (COLOURBLIND[3], COLOURBLIND[0], COLOURBLIND[4], "0.55")
LONGEST_LINEAR = 40
"""Ratio of the longest to the shortest time from which the axis is logarithmic."""
KEYS = ("method",)


def fig_4_11(results: Results) -> Exhibit:
    """Median and range of the timed repeats of the thesis's methods."""
    times = shown(results)
    repeats = times.groupby("method").size()
    if (short := repeats[repeats < results.settings.runtimes.repeats]).size:
        raise TableError(
            f"{results.path('runtimes')}: method {short.index[0]} has {short.iloc[0]} timed repeats instead of "
            f"{results.settings.runtimes.repeats}; run the stage 'runtimes' again"
        )
    frame = summary(times)
    with house_style():
        figure = drawn(results, frame)
    return Exhibit("fig_4_11", "Fig. 4.11.", frame, KEYS, described(results, frame), figure)


def shown(results: Results) -> pd.DataFrame:
    """The whole runs of grid and random search, adaptive and the bandits; Bayesian optimization's where timed whole."""
    times, methods = results.table("runtimes"), ("grid", "random", "bo", "adaptive", *bandits(results.settings))
    return times[times.method.isin(methods) & (times.part == "whole")]


def summary(times: pd.DataFrame) -> pd.DataFrame:
    """Median, smallest and largest seconds a method, in printing order."""
    groups = times.groupby("method")
    frame = groups.seconds.agg(["median", "min", "max", "count"]).add_prefix("seconds_")
    frame["inner_steps"] = groups.inner_steps.max()
    place = {method: index for index, method in enumerate(ORDER)}
    order = sorted(frame.index, key=lambda method: (place.get(method, len(ORDER)), method))
    return frame.loc[order].reset_index().rename(columns={"seconds_count": "repeats"})


def drawn(results: Results, frame: pd.DataFrame) -> Figure:
    """Horizontal bars with the seconds printed; a log axis where linear bars would vanish."""
    figure = new_figure(results, 0.75 + 0.3 * len(frame), width=5.2)
    ax = figure.subplots()
    places, middle = list(range(len(frame))), frame.seconds_median
    error = np.array([middle - frame.seconds_min, frame.seconds_max - middle])
    ax.barh(places, middle, color=colours(list(frame.method)), edgecolor="0.35", linewidth=0.6, height=0.65)
    ax.errorbar(middle, places, xerr=error, fmt="none", ecolor="black", elinewidth=0.9, capsize=2)
    for place, seconds, end in zip(places, middle, frame.seconds_max, strict=True):
        ax.annotate(f"{seconds:.3g} s", (end, place), (4, 0), textcoords="offset points", va="center", fontsize=7)
    ax.set_yticks(places, [label(method) for method in frame.method])
    ax.invert_yaxis()
    ax.set_xlabel("wall time of one run [s]")
    low, high = float(frame.seconds_min.min()), float(frame.seconds_max.max())
    if high > LONGEST_LINEAR * low:
        ax.set(xscale="log", xlim=(low / 2, high * 3))
    else:
        ax.set_xlim(0, 1.15 * high)
    sns.despine(ax=ax)
    return figure


def colours(methods: list[str]) -> list[str]:
    """The thesis's red, blue, purple and grey for its own methods, white for the baselines."""
    ours = itertools.cycle(OURS)
    return [next(ours) if method.startswith(("adaptive", "bandit")) else "white" for method in methods]


def described(results: Results, frame: pd.DataFrame) -> str:
    """The caption, with each method's cost against one grid run."""
    seconds = frame.set_index("method").seconds_median
    base = seconds.get("grid")
    ratios = "; ".join(
        f"{label(method)} {seconds[method] / base:.2g}×" for method in seconds.index if base and method != "grid"
    )
    compared = f" Against a grid run of {base:.3g} s: {ratios}." if base else ""
    settings = results.settings.runtimes
    return (
        f"Wall time of each method alone, one unbatched run of {settings.steps} steps on "
        f"{results.settings.run.threads} thread(s), warm-up steps included: median and range of {settings.repeats} "
        "timed "
        f"repeats after a warm one. Coloured: the thesis's methods.{compared} Timings depend on the machine and on "
        "what else "
        "it does."
    )
