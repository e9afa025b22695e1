"""The claims of a run beside those of its reference."""

import math
from collections.abc import Mapping
from typing import Any

from hypersvg.pipeline.gate.drift import CLAIM, STRUCTURE, VERDICT, Drift, both
from hypersvg.pipeline.gate.times import REPEATS, changed_sign

Record = Mapping[str, Any]
DEFINITION = ("metric", "parameters", "comparison", "threshold", "margin")
TIMED = "log_seconds_ratio"
"""The metric of claims about wall time."""
FLOOR = 0.005
"""Relative move of a claim's number that is let pass on another class however small its interval."""


def claims_drift(old: Mapping[str, Record], new: Mapping[str, Record], exact: bool) -> list[Drift]:
    """Claims that one side lacks, that mean something else, whose verdict changed, or whose number moved too far.

    Verdicts fail on any machine class. Numbers must be equal (to the six digits that are kept) on the same one, and
    otherwise lie within √2 times the half-width of the reference's simultaneous interval: see ``gate.means``. Claims
    about wall time only have to stay on their side of the threshold, unless they moved by less than a factor of two.
    """
    found = [line(STRUCTURE, id_, "claim", "there", "missing", "must be equal") for id_ in old if id_ not in new]
    found += [line(STRUCTURE, id_, "claim", "missing", "there", "must be equal") for id_ in new if id_ not in old]
    for id_ in (id_ for id_ in old if id_ in new):
        found += one_claim(id_, old[id_], new[id_], exact)
    return found


def one_claim(id_: str, old: Record, new: Record, exact: bool) -> list[Drift]:
    """What drifted of one claim."""
    found = [
        line(STRUCTURE, id_, name, str(old.get(name)), str(new.get(name)), "must be equal", new)
        for name in DEFINITION
        if old.get(name) != new.get(name)
    ]
    if new["metric"] == TIMED:
        return found + timed(id_, old, new)
    if old["verdict"] != new["verdict"]:
        found.append(line(VERDICT, id_, "verdict", old["verdict"], new["verdict"], "must be equal", new))
    return found + numbers(id_, old, new, exact)


def timed(id_: str, old: Record, new: Record) -> list[Drift]:
    """A claim about wall time that changed sides; its clusters are timed repeats."""
    values = old["ours"], new["ours"]
    if None in values or min(old["seeds"], new["seeds"]) < REPEATS:
        return []
    if not changed_sign(values[0] - old["threshold"], values[1] - new["threshold"]):
        return []
    return [line(VERDICT, id_, "sign of log10 ratio", *both(*values), "sign, ±0.301", new)]


def numbers(id_: str, old: Record, new: Record, exact: bool) -> list[Drift]:
    """The claim's number and its interval."""
    allowed = tolerance(old)
    if gap(old, new):
        return [line(CLAIM, id_, "ours", *both(old["ours"], new["ours"]), "a number", new)]
    if old["ours"] is None:
        return []
    move = abs(new["ours"] - old["ours"])
    size = move / allowed if allowed > 0 else math.nan
    if exact:
        names = [name for name in ("ours", "interval", "seeds") if old[name] != new[name]]
        return [line(CLAIM, id_, name, *both(old[name], new[name]), "0", new, size) for name in names]
    if move <= allowed or math.isnan(allowed):
        return []
    return [line(CLAIM, id_, "ours", *both(old["ours"], new["ours"]), f"±{allowed:.3g}", new, size)]


def gap(old: Record, new: Record) -> bool:
    """Whether only one side has a number."""
    return (old["ours"] is None) != (new["ours"] is None)


def tolerance(old: Record) -> float:
    """How far a claim's number may move on another class; NaN where the reference has no interval."""
    interval = old.get("family_interval")
    if interval is None or old["ours"] is None:
        return math.nan
    return float(max(math.sqrt(2) * (interval[1] - interval[0]) / 2, FLOOR * abs(old["ours"])))


def line(
    rank: int,
    id_: str,
    number: str,
    old: str,
    new: str,
    tolerance: str,
    record: Record | None = None,
    size: float = math.nan,
) -> Drift:
    """A line about a claim."""
    exhibits = (record["exhibit"],) if record else ()
    return Drift(rank, "claims", id_, number, old, new, tolerance, size, exhibits=exhibits, claims=(id_,))
