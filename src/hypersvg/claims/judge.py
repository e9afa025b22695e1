"""A claim's verdict on a run: the estimate with its intervals, and whether it lies where the thesis says."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hypersvg.claims.claim import Claim, ClaimsError
from hypersvg.claims.metrics import METRICS, Sample
from hypersvg.reading.results import Results
from hypersvg.statistics import Estimate, Verdict, estimate, on_claimed_side, verdict

Outcome = Verdict | Literal["not testable"]


@dataclass(frozen=True)
class Finding:
    """A claim, what was measured, and the verdict; ``estimate`` is ``None`` where nothing could be measured."""

    claim: Claim
    outcome: Outcome
    estimate: Estimate | None
    flips: tuple[str, ...] = ()
    """Variants under which the estimate lies on the other side than under the default."""
    obstacle: str = ""
    """Why the run could not test it."""

    @property
    def fragile(self) -> bool:
        """Whether a choice that nobody wrote down decides the claim."""
        return bool(self.flips)

    @property
    def on_claimed_side(self) -> bool | None:
        """Whether the estimate itself lies on the claimed side; ``None`` where there is none."""
        return side(self.claim, self.estimate.value) if self.estimate else None


def side(claim: Claim, value: float) -> bool | None:
    """Whether ``value`` of the claim's metric lies on the claimed side; ``None`` where it is no number."""
    if math.isnan(value):
        return None
    return on_claimed_side(value, claim.comparison, claim.threshold, claim.margin)


def sample_of(claim: Claim, results: Results) -> Sample:
    """The claim's metric on a run; raises :class:`ClaimsError` for a metric or an argument that does not exist."""
    if claim.metric not in METRICS:
        raise ClaimsError(f"claim '{claim.id}': there is no metric '{claim.metric}'; known: {', '.join(METRICS)}")
    try:
        return METRICS[claim.metric](results, **claim.parameters)
    except TypeError as error:
        raise ClaimsError(f"claim '{claim.id}': {error}") from None


def judge(
    claims: Sequence[Claim], results: Results, flips: Mapping[str, tuple[str, ...]] | None = None
) -> list[Finding]:
    """Every claim's finding on a run. The family of the simultaneous intervals is all claims that can be tested."""
    tested = [claim for claim in claims if claim.missing is None]
    found = []
    for claim in claims:
        if claim.missing is not None or results.obstacle:
            found.append(Finding(claim, "not testable", None, obstacle=results.obstacle))
            continue
        sample = sample_of(claim, results)
        measured = estimate(sample.data, sample.statistic, threshold=claim.threshold, family=len(tested))
        outcome = verdict(measured, claim.comparison, claim.threshold, claim.margin, claim.minimum_seeds)
        found.append(Finding(claim, outcome, measured, (flips or {}).get(claim.id, ())))
    return found
