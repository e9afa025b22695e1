"""How a finding is printed: numbers in the claim's unit, and one plain sentence why."""

import math

from hypersvg.claims.claim import Claim, Scale
from hypersvg.claims.judge import Finding
from hypersvg.claims.metrics import METRICS

BEYOND = "beyond the thesis"
"""The ``page`` of this project's own questions about the thesis's task."""


def printed(value: float, scale: Scale) -> str:
    """A number of a metric in the claim's unit; a dash where there is none."""
    if math.isnan(value):
        return "–"
    if scale in ("percent", "share"):
        return f"{100 * value:.1f} %" if scale == "share" else f"{100 * value:.2f}"
    return f"{value:.3g}"


def interval(low: float, high: float, scale: Scale) -> str:
    """``[low, high]`` in the claim's unit; empty where there is none."""
    return "" if math.isnan(low) else f"[{printed(low, scale)}, {printed(high, scale)}]"


def ours(finding: Finding) -> str:
    """The estimate with its pointwise 95 % interval."""
    if finding.estimate is None:
        return "–"
    scale, measured = finding.claim.scale, finding.estimate
    return f"{printed(measured.value, scale)} {interval(measured.low, measured.high, scale)}".strip()


def place(page: int | str) -> str:
    """Where a claim stands: ``p. 55``, or ``slide “Influence Balancing: Results”``."""
    if isinstance(page, int):
        return f"p. {page}"
    return page if page == BEYOND else f"slide “{page}”"


def theirs(claim: Claim) -> str:
    """The thesis's number, or its words."""
    return printed(claim.thesis, claim.scale) if isinstance(claim.thesis, float | int) else claim.thesis or "–"


def region(claim: Claim) -> str:
    """Where the number must lie for the claim to hold."""
    low, high = claim.threshold - claim.margin, claim.threshold + claim.margin
    if claim.comparison == "greater":
        return f"above {printed(high, claim.scale)}"
    if claim.comparison == "less":
        return f"below {printed(low, claim.scale)}"
    if claim.comparison == "at_least":
        return f"above {printed(low, claim.scale)}"
    return f"between {printed(low, claim.scale)} and {printed(high, claim.scale)}"


def measures(claim: Claim) -> str:
    """What the claim's metric measures: the first sentence of its docstring."""
    text = " ".join((METRICS[claim.metric].__doc__ or "").split())
    return text.split(". ")[0].removesuffix(".")


def why(finding: Finding) -> str:
    """One plain sentence: what was measured, where it must lie, and where its interval lies."""
    claim, measured = finding.claim, finding.estimate
    if claim.missing is not None:
        return f"The {'thesis does' if isinstance(claim.page, int) else 'slides do'} not give {claim.missing}."
    if measured is None:
        return f"Not tested: {finding.obstacle}."
    family = interval(measured.family_low, measured.family_high, claim.scale)
    where = {
        "supported": "lies wholly there",
        "contradicted": "lies wholly elsewhere",
        "inconclusive": "crosses the border",
        "direction only": f"is of {measured.seeds} seeds, too few for a verdict; {direction(finding)}",
    }[finding.outcome]
    found = (
        f"the simultaneous interval {family} {where}" if family else f"no interval, no verdict; {direction(finding)}"
    )
    return f"{measures(claim)}: must be {region(claim)}; {found}."


def direction(finding: Finding) -> str:
    """Where the estimate points, where there is one."""
    if finding.on_claimed_side is None:
        return "nor is there an estimate"
    return f"the estimate points {'that way' if finding.on_claimed_side else 'the other way'}"
