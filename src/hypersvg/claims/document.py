"""``claims.json`` and ``claims.md``: the findings of a run, for machines and for people."""

import json
import math
from collections.abc import Sequence
from typing import Any

from hypersvg.claims import words
from hypersvg.claims.judge import Finding, Outcome
from hypersvg.reading.results import Results, plural
from hypersvg.settings.groups import Group

TITLES: dict[Group, str] = {"thesis": "The thesis's claims", "estimators": "Claims about gradient estimators"}
ORDER: tuple[Outcome, ...] = ("supported", "contradicted", "inconclusive", "direction only", "not testable")


def as_record(finding: Finding) -> dict[str, Any]:
    """One finding as plain values; numbers are in the metric's own unit, ``None`` where there is none."""
    claim, measured = finding.claim, finding.estimate
    return {
        "id": claim.id,
        "page": claim.page,
        "quote": claim.quote,
        "claims": claim.claims,
        "verdict": finding.outcome,
        "on_claimed_side": finding.on_claimed_side,
        "fragile": finding.fragile,
        "flips": list(finding.flips),
        "metric": claim.metric,
        "parameters": claim.parameters,
        "comparison": claim.comparison,
        "threshold": claim.threshold,
        "margin": claim.margin,
        "thesis": claim.thesis,
        "ours": number(measured.value) if measured else None,
        "interval": numbers(measured.low, measured.high) if measured else None,
        "family_interval": numbers(measured.family_low, measured.family_high) if measured else None,
        "effect": number(measured.effect) if measured else None,
        "seeds": measured.seeds if measured else 0,
        "exhibit": claim.exhibit,
        "choices": claim.choices,
        "why": words.why(finding),
    }


def number(value: float) -> float | None:
    """Six significant digits; ``None`` for what is no number."""
    return None if math.isnan(value) else float(f"{value:.6g}")


def numbers(*values: float) -> list[float] | None:
    """An interval's two ends; ``None`` where there is no interval."""
    found = [number(value) for value in values]
    return None if None in found else [value for value in found if value is not None]


def as_json(findings: Sequence[Finding]) -> str:
    """All findings as a JSON list."""
    return json.dumps([as_record(finding) for finding in findings], indent=2, ensure_ascii=False) + "\n"


def as_markdown(findings: Sequence[Finding], results: Results) -> str:
    """All findings as a page: a count, how verdicts are made, and a section a claim."""
    parts = [f"# {TITLES[results.settings.run.group]}", f"*{results.footer}*"]
    if results.stamp:
        parts.insert(1, f"**{results.stamp}**")
    return "\n\n".join([*parts, counts(findings), method(findings), summary(findings), *map(section, findings)]) + "\n"


def counts(findings: Sequence[Finding]) -> str:
    """How many claims have which verdict."""
    listed = [(outcome, sum(finding.outcome == outcome for finding in findings)) for outcome in ORDER]
    said = ", ".join(f"{count} {outcome}" for outcome, count in listed if count)
    fragile = sum(finding.fragile for finding in findings)
    return f"{plural(len(findings), 'claim')}: {said}. {fragile} of them fragile."


def method(findings: Sequence[Finding]) -> str:
    """How a verdict comes about."""
    family = sum(finding.claim.missing is None for finding in findings)
    return (
        "A claim is *supported* when the whole simultaneous 95 % interval of its number lies where it says, "
        "beyond a margin that was fixed before any verdict was seen (`config/claims.yaml`), *contradicted* when it "
        "lies wholly elsewhere, *inconclusive* otherwise. Intervals are studentised by the delete-one-seed jackknife; "
        f"the simultaneous ones are corrected for the family of all {family} tested claims (Bonferroni). Below six "
        "seeds there is no verdict but a direction. *Fragile*: under at least one alternative of the ledger "
        "(`docs/ledger.md`) the number lies on the other side. Brackets are pointwise 95 % intervals; accuracies and "
        "their differences are in percent. Coverage was checked by simulation (`hypersvg.statistics`): near nominal, "
        "but too low where a rare seed fails outright and seeds are few; table_time_to_90 counts such misses."
    )


def summary(findings: Sequence[Finding]) -> str:
    """A row a claim."""
    rows = [
        "| claim | said | verdict | theirs | ours | where it must lie | exhibit |",
        "|---|---|---|---|---|---|---|",
    ]
    for finding in findings:
        claim = finding.claim
        verdict = f"**{finding.outcome}**{', fragile' if finding.fragile else ''}"
        where = "–" if claim.missing else words.region(claim)
        cells = [f"[{claim.claims}](#{claim.id})", words.place(claim.page), verdict]
        cells += [words.theirs(claim), words.ours(finding)]
        rows.append(f"| {' | '.join([*cells, where, claim.exhibit])} |")
    return "\n".join(rows)


def section(finding: Finding) -> str:
    """One claim with its sentence, numbers and reasons."""
    claim, measured = finding.claim, finding.estimate
    lines = [
        f'<a id="{claim.id}"></a>',
        f"## {claim.id}",
        "",
        f"> {claim.quote or 'Our own question.'} ({words.place(claim.page)})",
        "",
        f"That is: {claim.claims}. **{finding.outcome}**{', fragile' if finding.fragile else ''}.",
        "",
        f"{words.why(finding)} Margin: {claim.because}.",
    ]
    if measured is not None:
        effect = "" if math.isnan(measured.effect) else f", effect size {measured.effect:.2f}"
        seeds = f"{measured.seeds} seed{'' if measured.seeds == 1 else 's'}"
        lines += ["", f"Theirs: {words.theirs(claim)}; ours: {words.ours(finding)}, {seeds}{effect}."]
    if finding.flips:
        lines += ["", f"The other side under: {', '.join(f'`{name}`' for name in finding.flips)}."]
    if claim.choices:
        lines += ["", f"Choices behind it: {', '.join(claim.choices)}. Seen in {claim.exhibit}."]
    return "\n".join(lines)
