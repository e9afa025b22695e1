"""Methods at equal cost: accuracy against inner steps and against seconds, and who reaches 90 %."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent
from hypersvg.exhibits.names import BANDIT_COLOURS, LINES, label
from hypersvg.exhibits.online import read
from hypersvg.exhibits.reached import ALL, GRIDS, TARGET, compared, reached, summary
from hypersvg.exhibits.seconds import Clock
from hypersvg.exhibits.style import house_style, legend_below, letter, log_axis, new_figure
from hypersvg.reading.methods import bandits, ranked, runs_of, warm_up
from hypersvg.reading.results import Results, plural
from hypersvg.reading.selection import best_start
from hypersvg.settings import Settings

KEYS = ("panel", "grid", "method", "step")
LONG_LABEL = 34
TICKS = (0.1, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95)
OWN_SEED = ("random",)
"""Methods whose starts differ by seed: a choice made on one seed cannot be judged on another."""


def fig_budgets(results: Results) -> Exhibit:
    """Good starting rates on the left, bad ones on the right; a row a cost, and the time to 90 %."""
    clock = Clock(results)
    parts = []
    for grid in GRIDS:
        for method in compared(results.settings):
            labels = {"grid": grid, "method": method}
            curves = read(results, method, grid)
            line = chosen_curve(curves, runs_of(results, method, grid), method)
            seconds = clock.after(method, line.step.astype("float64"))
            parts.append(line.assign(panel="curve", seconds=seconds, **labels))
            runs = reached(curves, method, clock)
            parts.append(totals(runs, results.settings).assign(panel="reached", **labels))
    frame = pd.concat(parts, ignore_index=True)
    with house_style():
        figure = drawn(results, frame)
    return Exhibit("fig_budgets", "Equal budgets.", frame, KEYS, described(results, clock), figure)


def chosen_curve(curves: pd.DataFrame, runs: pd.DataFrame, method: str) -> pd.DataFrame:
    """Accuracy of the chosen start a step: mean, smallest and largest over the seeds that judge the choice."""
    best = best_start(ranked(runs) if method == "random" else runs)
    own = method in OWN_SEED or len(best) == 1
    weighed = curves.merge(weights(best, own), on=["seed", "run"])
    weighed["accuracy"] = weighed.weight * weighed.val_accuracy
    seeds = weighed.groupby(["step", "seed"]).accuracy.sum().groupby("step")
    frame = seeds.agg(["mean", "min", "max"]).reset_index()
    frame = frame.rename(columns={"mean": "accuracy", "min": "accuracy_low", "max": "accuracy_high"})
    return frame.assign(phase=np.where(frame.step > warm_up(method), "main", "warm_up"))


def weights(best: pd.DataFrame, own: bool) -> pd.DataFrame:
    """How much the curve of start ``run`` on ``seed`` counts among the seed's: 1 in all.

    The start that seed k chose is judged on every other seed (as in Table 4.2), or on k itself where ``own``.
    """
    pairs = best[["seed", "run"]].rename(columns={"seed": "chosen_on"}).merge(best[["seed"]], how="cross")
    pairs = pairs[(pairs.chosen_on == pairs.seed) == own]
    counts = pairs.groupby(["seed", "run"]).size().rename("weight").astype("float64")
    return (counts / counts.groupby("seed").transform("sum")).reset_index()


def totals(runs: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """All starts together: who reached the target in a run's own length, and in the length that all have."""
    equal, own = settings.online.steps, int(runs.length.max())
    parts = []
    for step in dict.fromkeys((equal, own)):
        within = runs.assign(steps=runs.steps.where(runs.steps <= step), seconds=runs.seconds.where(runs.steps <= step))
        table = summary(within, equal)
        parts.append(table[table.start == ALL].assign(step=step))
    kept = ["step", "runs", "reached", "share", "share_low", "share_high", "median_steps", "median_seconds"]
    return pd.concat(parts, ignore_index=True)[kept]


def drawn(results: Results, frame: pd.DataFrame) -> Figure:
    """Curves against steps and against seconds above, who reached 90 % and when below."""
    figure = new_figure(results, 8.2)
    parts: Any = figure.subfigures(2, 1, height_ratios=(1.55, 1))
    above, below = parts
    curves, shares = above.subplots(2, 2, sharey=True), below.subplots(1, 2, sharey=True)
    looks = styles(results.settings)
    for column, grid in enumerate(GRIDS):
        part = frame[frame.grid == grid]
        for row, x in enumerate(("step", "seconds")):
            curve_panel(curves[row, column], part[part.panel == "curve"], x, looks)
        reached_panel(shares[column], part[part.panel == "reached"], looks)
        curves[0, column].axvline(results.settings.online.steps, color="0.6", linewidth=0.7, linestyle=":", zorder=0)
    finish(curves, shares)
    legend_below(figure, legend_handles(looks, results.settings), 3)
    return figure


def styles(settings: Settings) -> dict[str, tuple[str, Any]]:
    """Colour and dashes of every compared method."""
    places = np.linspace(0, len(BANDIT_COLOURS) - 1, len(bandits(settings))).round().astype(int)
    ours = {name: (BANDIT_COLOURS[place], "-") for name, place in zip(bandits(settings), places, strict=True)}
    return {method: (LINES | ours)[method] for method in compared(settings)}


def curve_panel(ax: Axes, curves: pd.DataFrame, x: str, looks: dict[str, tuple[str, Any]]) -> None:
    """A line a method from the end of its warm-up on, a dot where it ends; bands for the solid lines alone."""
    for method, (colour, dashes) in looks.items():
        line = curves[(curves.method == method) & (curves.phase == "main")].sort_values("step")
        if dashes == "-":
            ax.fill_between(line[x], line.accuracy_low, line.accuracy_high, color=colour, alpha=0.13, linewidth=0)
        ax.plot(line[x], line.accuracy, color=colour, linestyle=dashes)
        ax.plot(line[x].iloc[-1:], line.accuracy.iloc[-1:], "o", color=colour, markersize=3)
    ax.axhline(TARGET, color="0.6", linewidth=0.7, linestyle=":", zorder=0)


def reached_panel(ax: Axes, table: pd.DataFrame, looks: dict[str, tuple[str, Any]]) -> None:
    """Share of runs with its interval, a ring at the length that all have; the medians of the hits as text."""
    for place, (method, (colour, _)) in enumerate(looks.items()):
        rows = table[table.method == method].sort_values("step")
        whole = rows.iloc[-1]
        ax.plot([whole.share_low, whole.share_high], [place, place], color=colour, linewidth=1.2)
        ax.plot([rows.share.iloc[0]], [place], "o", color=colour, markerfacecolor="white", markersize=6.5)
        ax.plot([whole.share], [place], "o", color=colour, markersize=3.5)
        said = f"{whole.median_steps:.0f} steps, {whole.median_seconds:.2g} s" if whole.reached else "never"
        ax.annotate(said, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=6.5)
    ax.annotate("median of those:", (1.02, -0.9), xycoords=("axes fraction", "data"), va="center", fontsize=6.5)
    ax.set(xlim=(0, 1), ylim=(len(looks) - 0.5, -1.3), xlabel="share of runs that reached 90 %")
    ax.set_yticks(range(len(looks)), [folded(label(name)) for name in looks], fontsize=6.5, linespacing=1.0)


def folded(name: str) -> str:
    """A long label on two lines."""
    return name.replace(", ", ",\n") if len(name) > LONG_LABEL else name


def finish(curves: Any, shares: Any) -> None:
    """Axes, labels and panel letters."""
    for row, words in enumerate(("inner steps of one run, warm-up included", "wall time of one run [s]")):
        for ax in curves[row]:
            ax.set(xlabel=words, yscale="logit", ylim=(0.08, 0.965))
            ax.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
            ax.yaxis.set_minor_locator(NullLocator())
        curves[row, 0].set_ylabel("validation accuracy")
    for ax in curves[1]:
        log_axis(ax, "x")
    costs = ("at equal steps", "in equal time", "time to 90 %")
    letter([*curves.flat, *shares], [f"{grid} starts, {words}" for words in costs for grid in GRIDS])


def legend_handles(looks: dict[str, tuple[str, Any]], settings: Settings) -> list[Line2D]:
    """A line a method, and what the ring is."""
    lines = [Line2D([], [], color=colour, linestyle=dash, label=label(name)) for name, (colour, dash) in looks.items()]
    ring: dict[str, Any] = {"marker": "o", "linestyle": "", "color": "0.3", "markerfacecolor": "white"}
    words = f"share within {settings.online.steps} steps (dot: within the run)"
    return [*lines, Line2D([], [], markersize=6.5, label=words, **ring)]


def described(results: Results, clock: Clock) -> str:
    """The caption."""
    settings = results.settings
    own = "" if len(results.seeds) > 1 else " With one seed the choice is judged on the seed that made it."
    lengths = [str(settings.online.steps + warm_up(name)) for name in ("grid", *bandits(settings))]
    slow = "; ".join(f"{label(name)} {clock.run(name):.2g} s" for name in compared(settings))
    return (
        f"Validation accuracy (first {settings.data.curve_images:,} validation images, logit axis) of the start that "
        f"each method's selection chose, from {GRIDS[0]} and {GRIDS[1]} starting rates, (a, b) against the inner steps "
        "and (c, d) against the seconds of one run. A bandit's line begins where its warm-up ends: warm-up steps and "
        f"seconds are charged, so that runs end after {', '.join(lengths)} steps. The start chosen on one seed by its "
        "final accuracy is judged on the others (as in Table 4.2): mean, and for solid lines smallest to largest of "
        f"{plural(len(results.seeds), 'seed')}.{own} Random search's draws differ by seed: its best draw is judged on "
        "the seed that chose it, which flatters it a little. A whole selection takes this times the number of starts "
        "(table_budgets). (e, f) All starts: share of runs that reached "
        f"{percent(TARGET).removesuffix('.00')} % in the main phase, with 95 % limits (Clopper-Pearson over seeds, "
        "averaged over starts), and the medians of those that did; the others are misses (table_time_to_90 has every "
        "start). Seconds are steps times measured seconds a step, one unbatched run, no accuracy measured: "
        f"{slow}. They depend on the machine."
    )
