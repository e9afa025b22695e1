"""The alternatives of the ledger beside the default: ``headlines.csv``, ``claims.csv``, one figure, their sidecar."""

from collections.abc import Sequence
from pathlib import Path

from hypersvg.claims.claim import load_claims
from hypersvg.claims.sensitivity import claim_sides, headline_effects
from hypersvg.exhibits.exhibit import write_csv
from hypersvg.exhibits.sensitivity import fig_sensitivity
from hypersvg.files import written
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.provenance import code_state, hashes, provenance, write_json
from hypersvg.reading.results import Results
from hypersvg.sidecars import JOB_SIDECAR


def write_sensitivity(claims: Path, folder: Path, variants: Sequence[str]) -> None:
    """Compare ``results/<run>+<variant>`` with the run in ``folder`` and write ``sensitivity/`` there.

    A variant's run holds the tables of the stages that it changes; all others are the default's. The sidecar, last,
    names every table that was read. Raises a sentence for a table that is missing, damaged, or does not belong to the
    others.
    """
    clock, code = Clock(), code_state((__name__,))
    default = Results(folder)
    alternatives = {
        variant: Results(folder.with_name(f"{folder.name}+{variant}"), shared=folder) for variant in variants
    }
    runs = [default, *alternatives.values()]
    with at_work(folder / "sensitivity"):
        clock.computing()
        effects = headline_effects(default, alternatives)
        sides = claim_sides(load_claims(claims), default, alternatives)
        clock.writing()
        outputs = [
            written(folder / "sensitivity" / "headlines.csv", lambda path: write_csv(effects, path)),
            written(folder / "sensitivity" / "claims.csv", lambda path: write_csv(sides, path)),
            *fig_sensitivity(default, effects).save(default),
        ]
        inputs = hashes([claims, *(path for run in runs for path in run.files)])
        sidecar = provenance(default.settings.model_dump(mode="json"), inputs, outputs, clock, **code)
        write_json(folder / "sensitivity" / JOB_SIDECAR, sidecar)
