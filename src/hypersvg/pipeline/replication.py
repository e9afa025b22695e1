"""``REPLICATION.md``: the report of the replication, whose every number comes from committed results.

The words are in ``docs/REPLICATION.template.md`` (Jinja); the numbers are what :func:`facts` reads under
``results/reference``. ``make reference`` writes the report again, and a test holds that no number is typed by hand.
"""

import json
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd

from hypersvg.claims.claim import Claim, load_claims
from hypersvg.claims.document import ORDER
from hypersvg.claims.words import place, printed
from hypersvg.settings.groups import CLAIMS
from hypersvg.statistics import LEVEL, MINIMUM_SEEDS

TEMPLATE = Path("docs", "REPLICATION.template.md")
REPORT = Path("REPLICATION.md")
REFERENCE = Path("results", "reference")
GROUPS = {
    "The toy task (4.1)": ("toy_",),
    "HyperPPO (4.2)": ("ppo_", "clipping_"),
    "Offline SVG and its surrogate (4.3.1)": ("offline_", "helpful_", "smooth_", "useful_", "identifiable_"),
    "Bayesian optimization (4.3.3)": ("bo_",),
    "Good learning rates (4.3.2)": (
        *("bandit50_", "bandit10_", "bandit20_", "bandit_model", "adaptive_hurts_good_rates", "adaptive_model"),
        *("adaptive_policy", "steering_", "reset_"),
    ),
    "Bad learning rates (4.3.2)": ("bandits_", "adaptive_rescues", "adaptive_hurts_good_starts"),
    "Wall time (Fig. 4.11)": ("warm_up_", "adaptive_costs"),
    "Influence balancing (slides)": ("influence_",),
    "L2 regularization (slides)": ("ridge_",),
    "LSTM copy task (slides)": ("copying_",),
    "Meta-training a learned optimizer (slides)": ("learned_",),
    "Importance of smoothing (slides)": ("smoothing_",),
    "Many hyperparameters (slides)": ("many_",),
    "A learning-rate schedule for MNIST (slides)": ("schedule_",),
    "PES against ES-Single (slides)": ("stability_",),
    "The one-step heuristic (slides)": ("heuristic_",),
    "Beyond the thesis: its task under other choosers": ("beyond_",),
}
"""Claims by their part of the thesis, or of the slides: prefixes of their names."""


def report(root: Path) -> str:
    """The report, a pure function of the repository's files under ``root``.

    Raises ``ValueError`` naming the committed file that is missing, or the template's mistake.
    """
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, trim_blocks=True)
    template = environment.from_string((root / TEMPLATE).read_text(encoding="utf-8"))
    try:
        return template.render(**facts(root))
    except jinja2.UndefinedError as error:
        raise ValueError(f"{TEMPLATE} asks for what the results do not hold: {error}") from None


def facts(root: Path) -> dict[str, Any]:
    """Everything that the template may ask for."""
    reference, claims = root / REFERENCE, load_claims(root / "config" / "claims.yaml")
    found = read_list(reference / "default" / "claims.json")
    return {
        "claims": {record["id"]: shown(record, claims) for record in found},
        "counts": counts(found),
        "groups": grouped(found, claims),
        "run": read_object(reference / "default" / "run.json"),
        "identification": read_object(reference / "identification" / "identification.json"),
        "sensitivity": sensitivity(reference / "sensitivity"),
        "paper": paper(reference / "paper", claims),
        "beyond": beyond(reference / "default+estimators", root),
        "level": f"{100 * LEVEL:g}",
        "minimum_seeds": MINIMUM_SEEDS,
    }


def shown(record: dict[str, Any], claims: list[Claim]) -> dict[str, Any]:
    """A claim's record with its numbers as they are printed: ``ours``, ``interval`` and ``thesis``."""
    scale = next(claim.scale for claim in claims if claim.id == record["id"])
    interval = record["interval"]
    return {
        **record,
        "place": place(record["page"]),
        "ours": "–" if record["ours"] is None else printed(record["ours"], scale),
        "interval": "" if interval is None else f"[{printed(interval[0], scale)}, {printed(interval[1], scale)}]",
        "thesis": printed(record["thesis"], scale) if isinstance(record["thesis"], float) else record["thesis"] or "–",
    }


def counts(found: list[dict[str, Any]]) -> dict[str, int]:
    """How many claims have which verdict, ``tested``, ``fragile`` and ``all``."""
    verdicts: dict[str, int] = {outcome: sum(record["verdict"] == outcome for record in found) for outcome in ORDER}
    tested = len(found) - verdicts["not testable"]
    return {**verdicts, "tested": tested, "fragile": sum(record["fragile"] for record in found), "all": len(found)}


def grouped(found: list[dict[str, Any]], claims: list[Claim]) -> dict[str, list[dict[str, Any]]]:
    """Claims under the part that they belong to, where it has any; raises ``ValueError`` for one without a part."""
    groups: dict[str, list[dict[str, Any]]] = {title: [] for title in GROUPS}
    for record in found:
        titles = [title for title, prefixes in GROUPS.items() if record["id"].startswith(prefixes)]
        if len(titles) != 1:
            raise ValueError(f"the claim '{record['id']}' belongs to {len(titles)} parts of the report; mend GROUPS")
        groups[titles[0]].append(shown(record, claims))
    return {title: members for title, members in groups.items() if members}


def sensitivity(folder: Path) -> dict[str, Any] | None:
    """Variants compared, claims that changed sides, and seeds; ``None`` where it was not run."""
    if not (folder / "claims.csv").is_file():
        return None
    sides, effects = pd.read_csv(folder / "claims.csv"), pd.read_csv(folder / "headlines.csv")
    flipped = sides[sides.side_default != sides.side_alternative]
    return {
        "variants": int(pd.concat([sides.variant, effects.choice_variant]).nunique()),
        "seeds": int(effects.seeds.max()),
        "flipped": sorted(flipped.claim.unique()),
        "decisive": flipped.variant.value_counts().head(5).to_dict(),
    }


def paper(folder: Path, claims: list[Claim]) -> dict[str, Any] | None:
    """The claims at the width of the thesis and the run behind them; ``None`` where it was not run."""
    if not (folder / "claims.json").is_file():
        return None
    records = [shown(record, claims) for record in read_list(folder / "claims.json")]
    return {"claims": {record["id"]: record for record in records}, "run": read_object(folder / "run.json")}


def beyond(folder: Path, root: Path) -> dict[str, Any] | None:
    """The claims about gradient estimators by their part, the run behind them, and how HyperSVG's own fared.

    ``rivals``: the claims that HyperSVG chooses better than a gradient of the true optimizer; ``model``: that its
    surrogate helps; ``regret``: that a gradient of the true optimizer finds rates as good as the best constant.
    ``None`` where it was not run.
    """
    if not (folder / "claims.json").is_file():
        return None
    found, claims = read_list(folder / "claims.json"), load_claims(root / CLAIMS["estimators"])
    parts = {"rivals": ("beyond_svg_", "beyond_steering_"), "model": "beyond_surrogate_", "regret": "beyond_regret_"}
    return {
        "groups": grouped(found, claims),
        "run": read_object(folder / "run.json"),
        "counts": counts(found),
        **{
            part: counts([record for record in found if record["id"].startswith(prefixes)])
            for part, prefixes in parts.items()
        },
    }


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object; raises ``ValueError`` naming the file where there is none."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise ValueError(f"{path} must hold a JSON object; make it again")
    return found


def read_list(path: Path) -> list[dict[str, Any]]:
    """A JSON list; raises ``ValueError`` naming the file where there is none."""
    found = read_json(path)
    if not isinstance(found, list):
        raise ValueError(f"{path} must hold a JSON list; make it again")
    return found


def read_json(path: Path) -> Any:
    """A JSON file; raises ``ValueError`` naming it where it is missing."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; run `make reference` after the run it comes from") from None


def write_report(root: Path) -> None:
    """Write ``REPLICATION.md`` again."""
    (root / REPORT).write_text(report(root), encoding="utf-8")
