"""A run's claims as the page shows them: words, numbers, and an interval drawn against where it must lie."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from hypersvg.claims import words
from hypersvg.claims.claim import Claim, load_claims
from hypersvg.claims.document import method
from hypersvg.claims.judge import Finding
from hypersvg.pipeline.exhibits_index import EXHIBITS
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.replication import grouped
from hypersvg.pipeline.report.markdown import html
from hypersvg.statistics import Comparison

WIDTH, MARGIN = 200.0, 0.06
"""Width of a drawn interval [px], and the part of it that stays free on either side."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Plot:
    """Places [px] of a claim's region, intervals, estimate and the thesis's number, on a scale of their own."""

    region: Span
    family: Span
    interval: Span
    ours: float
    thesis: float | None


@dataclass(frozen=True)
class Judged:
    """One claim: its record with printed numbers, what was fixed beforehand, and its drawing where it has a number."""

    record: dict[str, Any]
    claim: Claim
    region: str
    why: Markup
    plot: Plot | None
    linked: bool


def read_claims(path: Path) -> list[dict[str, Any]]:
    """The records of ``claims.json``; raises a sentence for a damaged file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise HypersvgError(f"{path} is damaged ({error}); delete it and run `make claims` of this run") from None
    if not isinstance(found, list):
        raise HypersvgError(f"{path} must hold a JSON list; delete it and run `make claims` of this run")
    return found


def judged(found: list[dict[str, Any]], source: Path) -> dict[str, list[Judged]]:
    """Claims by part of the thesis; ``source`` is ``config/claims.yaml``.

    Raises a sentence for a claim that the source does not have: the run is of another version.
    """
    claims = {claim.id: claim for claim in load_claims(source)}
    for record in found:
        if record["id"] not in claims:
            raise HypersvgError(f"claims.json has '{record['id']}', {source} does not; run `make claims` of this run")
    groups = grouped(found, list(claims.values()))
    raw = {record["id"]: record for record in found}
    return {
        title: [one(record, raw[record["id"]], claims[record["id"]]) for record in records]
        for title, records in groups.items()
        if records
    }


def one(printed: dict[str, Any], raw: dict[str, Any], claim: Claim) -> Judged:
    """One claim, from its record with numbers as text and as numbers."""
    region = "–" if claim.missing else words.region(claim)
    return Judged(printed, claim, region, html(raw["why"]), plot(raw, claim), claim.exhibit in EXHIBITS)


def plot(record: dict[str, Any], claim: Claim) -> Plot | None:
    """The claim's drawing; ``None`` where it has no interval."""
    ours, interval, family = record["ours"], record["interval"], record["family_interval"]
    if ours is None or interval is None or family is None:
        return None
    low, high = ends(claim)
    thesis = record["thesis"] if isinstance(record["thesis"], float) else None
    values = [ours, *interval, *family, *(value for value in (low, high, thesis) if value is not None)]
    finite: list[float] = [value for value in values if math.isfinite(value)]
    first, extent = min(finite), (max(finite) - min(finite)) or 1.0

    def place(value: float) -> float:
        share = MARGIN + (1 - 2 * MARGIN) * (value - first) / extent
        return round(WIDTH * min(1.0, max(0.0, share)), 1)

    return Plot(
        region=(place(low), place(high)),
        family=(place(family[0]), place(family[1])),
        interval=(place(interval[0]), place(interval[1])),
        ours=place(ours),
        thesis=None if thesis is None else place(thesis),
    )


def ends(claim: Claim) -> Span:
    """Ends of the region in which the claim's number must lie, as :func:`hypersvg.statistics.verdict` has it."""
    below, above = claim.threshold - claim.margin, claim.threshold + claim.margin
    regions: dict[Comparison, Span] = {
        "greater": (above, math.inf),
        "less": (-math.inf, below),
        "at_least": (below, math.inf),
        "near": (below, above),
    }
    return regions[claim.comparison]


def method_of(groups: dict[str, list[Judged]]) -> str:
    """How a verdict comes about, as ``claims.md`` says it."""
    every = [found for members in groups.values() for found in members]
    return method([Finding(found.claim, found.record["verdict"], None) for found in every])
