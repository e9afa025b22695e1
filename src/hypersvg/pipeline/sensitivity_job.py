"""The alternatives of the ledger beside the default: ``headlines.csv``, ``claims.csv`` and one figure."""

from collections.abc import Sequence
from pathlib import Path

from hypersvg.claims.claim import load_claims
from hypersvg.claims.sensitivity import claim_sides, headline_effects
from hypersvg.exhibits.exhibit import write_csv
from hypersvg.exhibits.sensitivity import fig_sensitivity
from hypersvg.files import written
from hypersvg.pipeline.at_work import at_work
from hypersvg.reading.results import Results


def write_sensitivity(claims: Path, folder: Path, variants: Sequence[str]) -> None:
    """Compare ``results/<run>+<variant>`` with the run in ``folder`` and write ``sensitivity/`` there.

    A variant's run holds the tables of the stages that it changes; all others are the default's.
    """
    default = Results(folder)
    alternatives = {
        variant: Results(folder.with_name(f"{folder.name}+{variant}"), shared=folder) for variant in variants
    }
    with at_work(folder / "sensitivity"):
        effects = headline_effects(default, alternatives)
        sides = claim_sides(load_claims(claims), default, alternatives)
        written(folder / "sensitivity" / "headlines.csv", lambda path: write_csv(effects, path))
        written(folder / "sensitivity" / "claims.csv", lambda path: write_csv(sides, path))
        fig_sensitivity(default, effects).save(default)
