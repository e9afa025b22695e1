"""Time to 90 % validation accuracy: which runs reached it, after how many steps and seconds."""

import numpy as np
import pandas as pd

from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent, rate, span
from hypersvg.exhibits.names import label
from hypersvg.exhibits.online import read
from hypersvg.exhibits.seconds import Clock
from hypersvg.reading.methods import bandits, warm_up
from hypersvg.reading.results import Results, plural
from hypersvg.settings import Settings
from hypersvg.statistics import restricted_proportion

TARGET = 0.9
"""Validation accuracy to be reached."""
GRIDS = ("good", "bad")
ALL = "all"
KEYS = ("grid", "method", "start")


def compared(settings: Settings) -> list[str]:
    """The methods of the comparison at equal cost: the thesis's, and the control arms that steer all the way."""
    return ["grid", "random", "adaptive", *bandits(settings), "adaptive_untrained", "adaptive_frozen", "hypergradient"]


def table_time_to_90(results: Results) -> Exhibit:
    """A row a method and grid with all starts together, and every start by itself."""
    clock = Clock(results)
    parts = []
    for grid in GRIDS:
        for method in compared(results.settings):
            runs = reached(read(results, method, grid), method, clock)
            parts.append(summary(runs, results.settings.online.steps).assign(grid=grid, method=method))
    frame = pd.concat(parts, ignore_index=True)
    frame.insert(0, "label", frame.method.map(label))
    display = {}
    for grid in GRIDS:
        part = frame[frame.grid == grid]
        display[f"{grid.capitalize()} starting rates, all starts together"] = cells(part[part.start == ALL], results)
        display[f"{grid.capitalize()} starting rates, every start: reached (median inner steps)"] = by_start(part)
    title = "Time to 90 %."
    return Exhibit("table_time_to_90", title, frame, KEYS, described(results), None, display, notes(results))


def reached(curves: pd.DataFrame, method: str, clock: Clock) -> pd.DataFrame:
    """A row a run: inner steps and seconds until it first reached the target, empty where it missed.

    Warm-up steps and seconds are charged; what the network of the warm-up reaches does not count, for the main phase
    starts again without it. ``kept``: still there after the last step.
    """
    main = curves[curves.phase == "main"]
    hits = main[main.val_accuracy >= TARGET].groupby(["run", "seed"]).step.min().rename("steps")
    last = main[main.step == main.step.max()].set_index(["run", "seed"])
    runs = last[["start", "val_accuracy"]].join(hits.astype("float64")).reset_index()
    kept = runs.val_accuracy >= TARGET
    runs["seconds"] = clock.after(method, runs.steps)
    return pd.DataFrame(runs.assign(kept=kept, length=int(main.step.max())))


def summary(runs: pd.DataFrame, steps: int) -> pd.DataFrame:
    """All starts together, then each by its median rate: how many runs reached the target, and when.

    ``within`` counts those that did in the first ``steps`` inner steps, warm-up included.
    """
    parts = [(ALL, runs), *((str(run), part) for run, part in runs.groupby("run"))]
    return pd.DataFrame([{"start": name, **row(part, steps)} for name, part in parts])


def row(runs: pd.DataFrame, steps: int) -> dict[str, float]:
    """Counts, share with its interval, medians among the hits."""
    share, low, high = proportion(runs.steps.notna(), runs.run)
    hits = runs[runs.steps.notna()]
    return {
        "starting_rate": float(runs.start.median()),
        "runs": len(runs),
        "reached": len(hits),
        "share": share,
        "share_low": low,
        "share_high": high,
        "within": int((hits.steps <= steps).sum()),
        "kept": int(runs.kept.sum()),
        "length": int(runs.length.max()),
        "median_steps": float(hits.steps.median()),
        "median_seconds": float(hits.seconds.median()),
    }


def proportion(hit: "pd.Series[bool]", start: "pd.Series[int]") -> tuple[float, float, float]:
    """Share of runs that hit, with 95 % limits for several starts of the same seeds.

    Seeds are independent, the starts of one seed are not: every start has its exact limits over seeds (Clopper &
    Pearson 1934), corrected so that all starts' hold at once (Bonferroni), and the limits are averaged over the starts.
    """
    groups = [values.to_numpy() for _, values in hit.groupby(start)]
    parts = [restricted_proportion(int(part.sum()), len(part), family=len(groups)) for part in groups]
    share, low, high = np.mean(parts, axis=0)
    return float(share), float(low), float(high)


def cells(frame: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The rows of all starts together as printed."""
    steps = results.settings.online.steps
    return pd.DataFrame(
        {
            "algorithm": frame.label,
            "reached": [f"{one.reached} of {one.runs}" for one in frame.itertuples()],
            "share [%]": frame.share.map(percent),
            "95 % interval [%]": [
                span(percent(low), percent(high)) for low, high in zip(frame.share_low, frame.share_high, strict=True)
            ],
            f"within {steps} inner steps": [f"{one.within} of {one.runs}" for one in frame.itertuples()],
            "still there at the end": [f"{one.kept} of {one.runs}" for one in frame.itertuples()],
            "run length [inner steps]": frame.length,
            "median inner steps": frame.median_steps.map(number),
            "median wall time [s]": frame.median_seconds.map(number),
        }
    )


def by_start(frame: pd.DataFrame) -> pd.DataFrame:
    """A row a method, a column a starting rate: ``6 of 6 (23)``; random search has no starts and is left out."""
    single = frame[(frame.start != ALL) & (frame.method != "random")]
    medians = single.median_steps.map(lambda steps: "" if np.isnan(steps) else f" ({number(steps)})")
    printed = single.reached.astype("str") + " of " + single.runs.astype("str") + medians
    named = single.assign(printed=printed, rate=single.starting_rate.map(rate))
    table = named.pivot(index="label", columns="rate", values="printed")
    ordered = table.loc[list(dict.fromkeys(named.label)), list(dict.fromkeys(named.rate))]
    return ordered.rename_axis(index="algorithm", columns=None).reset_index()


def number(value: float) -> str:
    """Three digits; a dash where nothing was reached."""
    return "–" if np.isnan(value) else f"{value:.3g}"


def described(results: Results) -> str:
    """The caption."""
    return (
        f"Inner steps and seconds of one run until {percent(TARGET).removesuffix('.00')} % validation accuracy was "
        f"first reached, on the first {results.settings.data.curve_images:,} validation images, measured after every "
        f"step; {plural(len(results.seeds), 'seed')}. Medians are of the runs that reached it; the others are misses. "
        "Seconds are steps times measured seconds a step: they depend on the machine."
    )


def notes(results: Results) -> tuple[str, ...]:
    """How runs are counted."""
    longest = max(warm_up(method) for method in bandits(results.settings))
    return (
        "Warm-up steps are charged; what is reached during a warm-up does not count, for the bandit then starts again. "
        f"Runs are {results.settings.online.steps} inner steps long, the bandits' by their warm-up longer (up to "
        f"{longest}): the column 'within' compares at one length.",
        "Share over all starts: every start weighs the same. Its interval averages the starts' exact limits over seeds "
        "(Clopper-Pearson, corrected for their number), for the starts of one seed are not independent; it is wide "
        "for few seeds.",
        "Random search has draws in place of starts, counted by their place among their seed's, the smallest first; "
        "the same runs stand beside both grids.",
    )
