"""``config/shortlist.yaml``: the candidates that every run scores again, written by ``make identify``."""

from collections.abc import Sequence
from pathlib import Path

import yaml

from hypersvg.experiments.identification.candidates import Candidate, described, from_parts

PATH = Path("config/shortlist.yaml")
LARGEST = 12
BUDGET = 55.0
"""Seconds of one core that the shortlist may take for six seeds."""
RUNS = 6 * 14
HEAD = "# Written by `make identify`: candidates of the inner protocol that the stage shortlist scores again.\n"


def seconds(candidate: Candidate) -> float:
    """Time of six seeds at 14 rates on one core, as measured: a part for the parameters, one for the images."""
    adam = 0.1 if candidate.optimizer == "adam" else 0.0
    a_run = candidate.steps() * (0.25 + adam + 0.0019 * candidate.batch_size) / 1000 + 0.012
    return RUNS * a_run


def affordable(first: Sequence[Candidate], others: Sequence[Candidate], budget: float = BUDGET) -> list[Candidate]:
    """``first`` and, in their order, as many of ``others`` as fit the budget; no full batches."""
    chosen = [one for one in dict.fromkeys(first) if not one.full]
    for one in others:
        fits = sum(map(seconds, chosen)) + seconds(one) <= budget
        if one not in chosen and not one.full and fits and len(chosen) < LARGEST:
            chosen.append(one)
    return chosen


def as_yaml(candidates: Sequence[Candidate]) -> str:
    """The file's text, one candidate a line."""
    lines = [{key: value for key, value in described(one).items() if key != "candidate"} for one in candidates]
    body = yaml.safe_dump({"candidates": lines}, default_flow_style=None, sort_keys=False, width=200)
    return HEAD + str(body)


def read(path: Path) -> list[Candidate]:
    """The candidates of the file; raises ``ValueError`` in one sentence where it is missing or names no candidate."""
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8"))["candidates"]
        found = [from_parts(dict(parts)) for parts in listed]
    except FileNotFoundError:
        raise ValueError(f"{path} is missing; `make identify` writes it") from None
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise ValueError(f"{path} is no list of candidates ({error!r}); `make identify` writes it") from None
    if not 0 < len(found) <= LARGEST or len(set(found)) < len(found):
        raise ValueError(f"{path} must name 1 to {LARGEST} different candidates, not {len(found)}")
    return found
