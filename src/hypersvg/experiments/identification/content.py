"""``identification.json``: all that the report says, as plain values with six significant digits."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from hypersvg.experiments.identification import bandits, sharing, twenty_steps
from hypersvg.experiments.identification.candidates import Candidate, described
from hypersvg.experiments.identification.halving import RUNGS, Fates
from hypersvg.experiments.identification.naming import CHECKS, RULE, Judged, named, near, not_rejected, under
from hypersvg.experiments.identification.outcome import Outcome, references
from hypersvg.experiments.identification.scoring import LEVEL
from hypersvg.likelihood import FLOOR, NEAR
from hypersvg.thesis import BANDIT_ROWS

FORMAT = 2
"""Of the content: one more whenever the report needs what earlier identifications did not record."""
LOW = 1e-4
"""Rates below this are summed apart in a misfit."""


def content(outcome: Outcome) -> dict[str, Any]:
    """The file's content."""
    order = outcome.order
    spoken = references(order)
    shown = {"best": order[0], "runner_up": order[1], **spoken}
    entries = {name: entry(one, order) for name, one in shown.items()}
    found = {
        "format": FORMAT,
        **{name: one for name, one in entries.items() if name != "default"},
        "default": {**entries["default"], "rule": RULE},
        "not_rejected": [one.candidate.name for one in not_rejected(order)],
        "near": [one.candidate.name for one in near(order)],
        "ranking": [entry(one, order) for one in order],
        "misfit": {one.candidate.name: misfit(outcome.final, one) for one in shown.values()},
        "checks": checked(order),
        "rungs": rungs(outcome.fates),
        "boundary": boundary(outcome.fates),
        "full_batches": full(outcome.fates),
        "bandits": bandit_content(outcome.bandits, order),
        "twenty_steps": short_content(outcome.twenty_steps),
        "floor": FLOOR,
        "level": LEVEL,
        "near_distance": NEAR,
        "shortlist": [one.name for one in outcome.shortlist],
        "seconds": outcome.seconds,
    }
    return {name: plain(value) for name, value in found.items()}


def plain(value: Any) -> Any:
    """Lists, dictionaries, strings and numbers with six digits; NaN as null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return None if value != value else float(f"{value:.6g}")
    return value


def entry(one: Judged, order: Sequence[Judged]) -> dict[str, Any]:
    """A candidate of the last rung with its scores."""
    return {
        **described(one.candidate),
        "steps": one.candidate.steps(),
        "log_likelihood": one.log_likelihood,
        "behind_best": order[0].log_likelihood - one.log_likelihood,
        **{f"behind_{check.removeprefix('log_likelihood_')}": behind(order, one, check) for check in CHECKS},
        "rmse": one.rmse,
        "p": one.p,
        "p_unpaired": one.p_unpaired,
        "not_rejected": one in not_rejected(order),
    }


def behind(order: Sequence[Judged], one: Judged, check: str) -> float:
    """Distance from the best under a check's log-likelihood."""
    return float(max(getattr(other, check) for other in order) - getattr(one, check))


def checked(order: Sequence[Judged]) -> list[dict[str, Any]]:
    """Which candidate is nearest and which is named under every check."""
    listed = {check: under(order, check) for check in CHECKS}
    return [
        {"check": check, "best": some[0].candidate.name, "default": named(some).candidate.name}
        for check, some in listed.items()
    ]


def misfit(final: pd.DataFrame, one: Judged) -> dict[str, Any]:
    """The rows of a candidate, the worst first, and the share of the lost log-likelihood that low rates carry."""
    part = final[final["candidate"] == one.candidate.name].sort_values("deficit", ascending=False)
    columns = ["source", "rate", "thesis", "mean", "sd", "miss", "deficit", "diverged"]
    low = part.loc[part["rate"] < LOW, "deficit"].sum() / part["deficit"].sum()
    return {"rows": part[columns].to_dict("records"), "low_share": float(low), "low": LOW}


def rungs(fates: Fates) -> list[dict[str, Any]]:
    """Candidates, seeds and rows of every rung (full batches of 100 and 200 steps are apart)."""
    minibatches = [fate for one, fate in fates.items() if not one.full or one.length == "epoch"]
    return [
        {
            "rung": number,
            "candidates": sum(fate.rung is not None and fate.rung >= number for fate in minibatches),
            "rows": len(rung.rows),
            "seeds": rung.seeds,
            "score": rung.score,
        }
        for number, rung in enumerate(RUNGS)
    ]


def boundary(fates: Fates) -> dict[str, Any]:
    """How many candidates the last cut dropped although they were as near to its best as what is called near."""
    cut = len(RUNGS) - 2
    scores = {one: fate.score[cut] for one, fate in fates.items() if cut in fate.score}
    close = [one for one, score in scores.items() if max(scores.values()) - score <= NEAR]
    dropped = [one.name for one in close if fates[one].rung == cut]
    return {"rung": cut, "near": len(close), "dropped": sorted(dropped)}


def full(fates: Fates) -> dict[str, Any]:
    """Full batches beside their siblings, with the rung where they were compared; and how many were not trained."""
    listed = [one for one in fates if one.full and one.length != "epoch"]
    trained = [one for one in listed if fates[one].rung is not None]
    return {"trained": [beside(fates, one) for one in trained], "not_trained": len(listed) - len(trained)}


def beside(fates: Fates, one: Candidate) -> dict[str, Any]:
    """A full batch and its sibling at the last rung both have."""
    fate, sibling = fates[one], fates[one.limit]
    number = fate.rung or 0
    return {
        "candidate": one.name,
        "sibling": one.limit.name,
        "rows": len(RUNGS[number].rows),
        "seeds": RUNGS[number].seeds,
        "score": fate.score[number],
        "sibling_score": sibling.score[number],
        "best_score": max(other.score[number] for other in fates.values() if number in other.score),
        "rmse": fate.rmse[number],
        "sibling_rmse": sibling.rmse[number],
    }


def bandit_content(frame: pd.DataFrame, order: Sequence[Judged]) -> dict[str, Any]:
    """Totals beside the fitted rows' log-likelihood, the best reset of every candidate, the rows of the best."""
    totals = bandits.totals(frame)
    totals["fitted"] = totals["candidate"].map({one.candidate.name: one.log_likelihood for one in order})
    totals["together"] = totals["fitted"] + totals["log_likelihood"]
    several = totals[totals.groupby("candidate")["reset"].transform("size") > 1]
    best = several.loc[several.groupby("candidate", sort=False)["log_likelihood"].idxmax()]
    first = frame[frame["candidate"] == frame["candidate"].iloc[0]]
    columns = ["reset", "source", "rate", "thesis", "mean", "sd", "miss", "row_log_likelihood"]
    return {
        "seeds": bandits.SEEDS,
        "rows": len(BANDIT_ROWS),
        "high": bandits.HIGH,
        "high_rows": sum(row.rate > bandits.HIGH for row in BANDIT_ROWS),
        "totals": totals.to_dict("records"),
        "best_reset": dict(best[["candidate", "reset"]].itertuples(index=False, name=None)),
        "first": {"candidate": str(first["candidate"].iloc[0]), "rows": first[columns].to_dict("records")},
    }


def short_content(frame: pd.DataFrame) -> dict[str, Any]:
    """Numbers, quantities and pairs."""
    return {
        "steps": twenty_steps.STEPS,
        "seeds": twenty_steps.SEEDS,
        "protocols": int(frame["protocol"].nunique()),
        "quantities": twenty_steps.QUANTITIES,
        "numbers": sharing.explained(frame),
        "pairs": sharing.pairs(frame),
        "together": sharing.together(frame),
    }


def default_settings(content: Mapping[str, Any]) -> dict[str, object]:
    """The named protocol as the settings spell it: the block ``inner`` and ``online.steps``."""
    one = content["default"]
    names = ("optimizer", "initialisation", "activation", "scaling")
    return {**{name: one[name] for name in names}, "batch_size": int(one["batch_size"]), "steps": one["steps"]}
