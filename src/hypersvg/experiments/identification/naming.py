"""The rule that names the default protocol, written before any outcome was seen.

1. What the thesis states comes first: Table 4.3's network for the SVG experiments (He uniform, ELU) and the length of
   Table 4.2's grid and random rows (100). Its optimizer is stated twice and differently (SGD in the text, Adam in
   Algorithm 3), so the likelihood decides it.
2. Among the candidates of the last rung that have both, those that are not rejected compete; where all are rejected,
   the nearest to the thesis compete, which are those with the highest predictive log-likelihood.
3. The highest predictive log-likelihood wins; candidates within log 100 of it are not told apart, and of those the
   cheapest (batch × steps) is named.

The runner-up is the second of the last rung by log-likelihood, whatever its network.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypersvg.experiments.identification.candidates import Candidate
from hypersvg.experiments.identification.scoring import rejected
from hypersvg.likelihood import NEAR

RULE = (
    "Table 4.3's network (He uniform, ELU) and 100 steps first; of these the not rejected, or all where all are "
    "rejected; of these the cheapest (batch × steps) within log 100 of the highest predictive log-likelihood"
)


@dataclass(frozen=True)
class Judged:
    """A candidate of the last rung: total log-likelihood, RMSE, and p-values with seeds paired and unpaired.

    The other log-likelihoods are checks: best-of-six rows with a floor in each run
    (:func:`hypersvg.likelihood.log_density_apart`), and the floor halved and doubled.
    """

    candidate: Candidate
    log_likelihood: float
    log_likelihood_apart: float
    log_likelihood_half: float
    log_likelihood_double: float
    rmse: float
    p: float
    p_unpaired: float


def ranked(judged: Sequence[Judged]) -> list[Judged]:
    """Highest log-likelihood first."""
    return sorted(judged, key=lambda one: (-one.log_likelihood, one.candidate))


def not_rejected(judged: Sequence[Judged]) -> list[Judged]:
    """The exact test's set, in order of log-likelihood."""
    return [one for one in ranked(judged) if not rejected(one.p)]


def near(judged: Sequence[Judged]) -> list[Judged]:
    """Those within log 100 of the best, in order."""
    order = ranked(judged)
    return [one for one in order if order[0].log_likelihood - one.log_likelihood <= NEAR]


def named(judged: Sequence[Judged]) -> Judged:
    """The default protocol by the rule; raises ``ValueError`` where no candidate has Table 4.3's network."""
    eligible = [one for one in ranked(judged) if one.candidate.thesis_network]
    if not eligible:
        raise ValueError("no candidate of the last rung has Table 4.3's network and 100 steps")
    rivals = near(not_rejected(eligible) or eligible)
    return min(rivals, key=lambda one: (one.candidate.cost, -one.log_likelihood))


def best_with(judged: Sequence[Judged], optimizer: str) -> Judged | None:
    """The best candidate of the last rung with this optimizer."""
    return next((one for one in ranked(judged) if one.candidate.optimizer == optimizer), None)


CHECKS = ("log_likelihood_apart", "log_likelihood_half", "log_likelihood_double")


def under(judged: Sequence[Judged], check: str) -> list[Judged]:
    """The candidates with a check's log-likelihood in place of the score, best first."""
    return ranked([replace(one, log_likelihood=getattr(one, check)) for one in judged])
