"""What every alternative of the ledger does to the headline numbers and to the side that each claim's number lies on.

All alternatives share their seeds with the default, so that differences are paired. With few seeds there are no
verdicts here: a claim is called fragile where its estimate changes sides.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hypersvg.claims.claim import Claim
from hypersvg.claims.headlines import HEADLINES, Headline
from hypersvg.claims.judge import sample_of, side
from hypersvg.claims.metrics import Sample
from hypersvg.reading.results import Results
from hypersvg.statistics import estimate, paired
from hypersvg.tables import TableError

TIMED = ("log_seconds_ratio",)
"""Metrics of wall time, which jobs that run side by side cannot tell."""


def headline_effects(default: Results, alternatives: Mapping[str, Results]) -> pd.DataFrame:
    """A row a variant and headline whose number it changes: both numbers and their paired difference."""
    rows = [
        row
        for headline in HEADLINES
        for variant, results in alternatives.items()
        if (row := effect(headline, variant, default, results)) is not None
    ]
    return pd.DataFrame(rows).sort_values(["choice_variant", "headline"], ignore_index=True)


def effect(headline: Headline, variant: str, default: Results, results: Results) -> dict[str, object] | None:
    """One row; ``None`` where the variant does not touch the headline."""
    before, after = headline.sample(default), headline.sample(results)
    if same(before, after):
        return None
    measured = estimate(paired(after.data, before.data))
    return {
        "choice_variant": variant,
        "headline": headline.name,
        "label": headline.label,
        "unit": headline.scale,
        "default": before.value,
        "alternative": after.value,
        "difference": measured.value,
        "low": measured.low,
        "high": measured.high,
        "seeds": measured.seeds,
    }


def same(one: Sample, other: Sample) -> bool:
    """Whether two samples are equal to the last bit: nothing that they depend on differs."""
    return one.data.shape == other.data.shape and bool(np.array_equal(one.data, other.data, equal_nan=True))


def claim_sides(claims: Sequence[Claim], default: Results, alternatives: Mapping[str, Results]) -> pd.DataFrame:
    """A row a variant and claim whose number it changes, with both numbers and the side that each lies on."""
    rows = []
    for claim in claims:
        if claim.missing is not None or claim.metric in TIMED:
            continue
        before = measured_or_none(claim, default)
        for variant, results in alternatives.items():
            after = measured_or_none(claim, results)
            if before is None or after is None or same(before, after):
                continue
            columns = {"value_default": before.value, "value_alternative": after.value}
            sides = {"side_default": side(claim, before.value), "side_alternative": side(claim, after.value)}
            rows.append({"variant": variant, "claim": claim.id, **columns, **sides})
    return pd.DataFrame(rows).sort_values(["variant", "claim"], ignore_index=True)


def measured_or_none(claim: Claim, results: Results) -> Sample | None:
    """The claim's sample; ``None`` where this scale lacks the rows that it needs (another clipping, another start)."""
    try:
        return sample_of(claim, results)
    except TableError:
        return None
