"""Inner protocols beside the thesis's grid and random rows: ``fig_protocol``, ``table_protocol``, `make identify`'s
figure.

The stage ``shortlist`` trains a few candidates again on a run's seeds; ``make identify`` has trained them all.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from hypersvg import thesis
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import percent
from hypersvg.exhibits.names import COLOURBLIND, THESIS_COLOUR
from hypersvg.exhibits.style import FOOTER, WIDTH, house_style, legend_below, letter, log_axis, new_figure
from hypersvg.likelihood import FLOOR, NEAR, log_likelihoods, rmse
from hypersvg.reading.results import Results, plural

PARTS = ["optimizer", "batch_size", "initialisation", "activation", "scaling", "length"]
PRINTED = {
    "optimizer": {"sgd": "SGD", "momentum": "SGD, momentum 0.9", "nesterov": "SGD, Nesterov 0.9", "adam": "Adam"},
    "initialisation": {"he_uniform": "He uniform", "glorot": "Glorot"},
    "activation": {"elu": "ELU", "tanh": "Tanh", "relu": "ReLU"},
    "length": {"100": "100 steps", "200": "200 steps", "epoch": "one epoch"},
}
COLOURS = (COLOURBLIND[2], COLOURBLIND[0], COLOURBLIND[1])
POINTS: dict[str, dict[str, Any]] = {
    "grid": {"marker": "D", "markeredgecolor": THESIS_COLOUR},
    "random": {"marker": "s", "markeredgecolor": THESIS_COLOUR},
    "best": {"marker": "*", "markeredgecolor": THESIS_COLOUR, "markersize": 8},
    "bandit": {"marker": "x", "markeredgecolor": "black"},
}
WORDS = {
    "grid": "thesis: grid",
    "random": "thesis: random",
    "best": "thesis: best of six",
    "bandit": "thesis: bandits at their learned rates (not fitted)",
}
HIGH_RATES, HIGH_ACCURACIES = (1.8e-3, 0.4), (0.55, 0.97)
HEIGHT = 3.9
"""Of the figure without its ranking [inch]."""
LEVEL = 0.05
"""Of the exact test."""
TICKS = (0, 2, 5, 10, 20, 50, 100, 200, 500)
ROW = 0.2
"""Height of a line of the ranking [inch]."""
LINEAR = 10.0
"""Nats behind the best up to which the ranking's axis is linear."""


def printed(row: Any, parts: Sequence[str] = tuple(PARTS)) -> str:
    """A candidate in words: ``Adam, 512, He uniform, ELU, unit, 100 steps``."""
    return ", ".join(PRINTED.get(part, {}).get(str(getattr(row, part)), str(getattr(row, part))) for part in parts)


def fig_protocol(results: Results) -> Exhibit:
    """Curves of the best two candidates and of the best SGD one through the thesis's rows, and the ranking."""
    scores, curves = scored(results), summary(results.table("shortlist"))
    with house_style():
        figure = new_figure(results, HEIGHT + ROW * len(scores))
        drawn(figure, curves, scores, chosen(scores))
    keys = ("candidate", "source", "rate")
    return Exhibit("fig_protocol", "Inner protocols.", curves, keys, described(results, scores), figure)


def table_protocol(results: Results) -> Exhibit:
    """The shortlist, best first."""
    scores = scored(results)
    cells = pd.DataFrame(
        {
            "optimizer": [PRINTED["optimizer"][name] for name in scores.optimizer],
            "batch": scores.batch_size,
            "first weights": [PRINTED["initialisation"][name] for name in scores.initialisation],
            "activation": [PRINTED["activation"][name] for name in scores.activation],
            "pixels": scores.scaling,
            "length": [PRINTED["length"][name] for name in scores.length],
            "log-likelihood": [nats(value) for value in scores.log_likelihood],
            "behind the best": [nats(value) for value in scores.behind],
            "RMSE [points]": [percent(value) for value in scores.rmse],
            "diverged": [f"{one.diverged} of {one.runs}" for one in scores.itertuples()],
        }
    )
    caption = f"Candidates of the inner protocol, scored on this run's {plural(len(results.seeds), 'seed')}."
    return Exhibit(
        "table_protocol", "Inner protocols.", scores, ("candidate",), caption, None, {"": cells}, notes(results)
    )


def notes(results: Results) -> tuple[str, ...]:
    """What the columns are, and on stand-in data that they mean nothing."""
    rows = len(thesis.PROTOCOL_ROWS)
    said = [
        f"Predictive log-likelihood [nats] and RMSE on the {rows} grid and random rows of Tables 4.2 and 4.4, "
        f"with a floor of {percent(FLOOR)} points; the higher and the smaller the better. Within {NEAR:.1f} nats "
        "(log 100) two candidates are not told apart.",
        "All candidates, with more seeds and an exact test: results/reference/identification/identification.md.",
    ]
    return tuple([f"Not comparable with the thesis: {results.stamp}.", *said] if results.stamp else said)


def scored(results: Results) -> pd.DataFrame:
    """One row a candidate, best first: its parts, log-likelihood (NaN with one seed), RMSE and diverged runs."""
    rows = []
    for _, part in results.table("shortlist").groupby("candidate", sort=False):
        sample = part.pivot(index="seed", columns="row", values="val_accuracy").to_numpy(np.float64)
        diverged = int((part.status != "ok").sum())
        scores = {
            "log_likelihood": float(log_likelihoods(sample, thesis.PROTOCOL_ROWS).sum()),
            "rmse": rmse(sample, thesis.PROTOCOL_ROWS),
        }
        rows.append({**part.iloc[0][["candidate", *PARTS]], **scores, "diverged": diverged, "runs": len(part)})
    frame = pd.DataFrame(rows).sort_values(["log_likelihood", "rmse"], ascending=[False, True], ignore_index=True)
    return frame.assign(behind=frame.log_likelihood.max() - frame.log_likelihood)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Mean, smallest and largest seed at every rate, and the thesis's accuracy there."""
    keys = ["candidate", *PARTS, "source", "rate"]
    groups = table.groupby(keys, sort=False)
    frame = groups.val_accuracy.agg(["mean", "min", "max"]).rename(columns={"min": "lowest", "max": "highest"})
    return frame.assign(thesis=groups.thesis_accuracy.first()).reset_index()


def chosen(scores: pd.DataFrame) -> list[str]:
    """The candidates whose curves are drawn: the best two, and the best SGD one."""
    sgd = scores[scores.optimizer == "sgd"].candidate.tolist()
    return list(dict.fromkeys([*scores.candidate.tolist()[:2], *sgd[:1]]))


def described(results: Results, scores: pd.DataFrame) -> str:
    """The caption, with the scores of what is drawn."""
    picked = scores.set_index("candidate").loc[chosen(scores)]
    words = "; ".join(f"{printed(one)}: RMSE {percent(float(one.rmse))} points" for _, one in picked.iterrows())
    mark = f" Scores are not comparable with the thesis: {results.stamp}." if results.stamp else ""
    return (
        f"(a) Validation accuracy of candidate inner protocols at constant rates, mean and smallest to largest of "
        f"{plural(len(results.seeds), 'seed')}, through the thesis's rows that depend on none of its methods; "
        f"crosses: its bandits at their learned rates. {words}. (b) The same, higher rates. (c) All candidates of "
        f"the shortlist by predictive log-likelihood, against the best; dotted: log 100.{mark}"
    )


def identification_figure(final: pd.DataFrame, bandits: pd.DataFrame, names: Sequence[str]) -> Figure:
    """`make identify`'s figure: the curves of ``names`` (continued to the bandits' rates where known) and the ranking.

    ``final`` and ``bandits`` are the frames behind ``final.csv`` and ``bandits.csv``. In the ranking, candidates that
    the exact test rejects are hollow.
    """
    scores = final.drop_duplicates("candidate").sort_values("log_likelihood", ascending=False, ignore_index=True)
    scores = scores.assign(behind=scores.log_likelihood.max() - scores.log_likelihood)
    beyond = bandits[(bandits["reset"] == "fresh") & (bandits["rate"] > final["rate"].max())]
    with house_style():
        height = HEIGHT + ROW * len(scores)
        rect = (0, FOOTER / height, 1, 1 - (FOOTER + 0.02) / height)
        figure = Figure(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(rect=rect))
        drawn(figure, pd.concat([final, beyond], ignore_index=True), scores, names)
    return figure


def drawn(figure: Figure, curves: pd.DataFrame, scores: pd.DataFrame, names: Sequence[str]) -> None:
    """The curves, a closer look at the higher rates, the ranking and the legend."""
    ratios = (2.3, 0.3 + ROW * len(scores))
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=ratios)[:, 0]
    left, right = top.subplots(1, 2)
    curve_panel(left, curves, names)
    curve_panel(right, curves, names)
    right.set(xlim=HIGH_RATES, ylim=HIGH_ACCURACIES, ylabel="")
    log_axis(right, "x")
    rank = bottom.subplots()
    ranking_panel(rank, scores, names)
    letter([left, right, rank], ["accuracy at constant rates", "higher rates", "ranking"])
    legend_below(figure, left.get_legend_handles_labels()[0], 2)


def curve_panel(ax: Axes, curves: pd.DataFrame, names: Sequence[str]) -> None:
    """Curves with seed bands, and the thesis's points."""
    for name, colour in zip(names, COLOURS, strict=False):
        part = curves[curves["candidate"] == name].sort_values("rate")
        ax.plot(part["rate"], part["mean"], color=colour, label=printed(next(part.itertuples())))
        ax.fill_between(part["rate"], part["lowest"], part["highest"], color=colour, alpha=0.18, linewidth=0)
    for kind, look in POINTS.items():
        rows = [row for row in (*thesis.PROTOCOL_ROWS, *thesis.BANDIT_ROWS) if row.source.startswith(kind)]
        style = {"linestyle": "", "color": "none", "markersize": 4.5, "label": WORDS[kind], "zorder": 3, **look}
        ax.plot([row.rate for row in rows], [row.accuracy for row in rows], **style)
    ax.set(xlabel="learning rate", ylabel="validation accuracy", ylim=(0, 1))
    log_axis(ax, "x")


def ranking_panel(ax: Axes, scores: pd.DataFrame, names: Sequence[str]) -> None:
    """How far every candidate lies behind the best [nats], or its RMSE where one seed gives no likelihood."""
    known = scores["behind"].notna().all()
    values = scores["behind"] if known else 100 * scores["rmse"]
    colours = dict(zip(names, COLOURS, strict=False))
    hollow = scores["p"] < LEVEL if "p" in scores else pd.Series(False, index=scores.index)
    for place, (name, value, rejected) in enumerate(zip(scores["candidate"], values, hollow, strict=True)):
        colour = colours.get(name, "0.45")
        ax.plot([value], [place], "o", color=colour, markerfacecolor="white" if rejected else colour, markersize=5)
    ax.set_yticks(range(len(scores)), [printed(one) for one in scores.itertuples()], fontsize=6.5)
    ax.set_ylim(len(scores) - 0.5, -0.5)
    if known:
        ax.axvline(NEAR, color="0.6", linewidth=0.8, linestyle=":")
        ax.set_xscale("symlog", linthresh=LINEAR)
        ax.set_xlim(-1, 1.3 * max(LINEAR, float(values.max())))
        ax.set_xticks(ticks := [tick for tick in TICKS if tick <= float(values.max())], [f"{tick}" for tick in ticks])
    ax.set_xlabel("log-likelihood behind the best [nats]" if known else "RMSE [points]")


def nats(value: float) -> str:
    """A log-likelihood as printed; a dash where one seed gives none."""
    return "–" if np.isnan(value) else f"{value:.1f}"
