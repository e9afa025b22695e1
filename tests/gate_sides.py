"""Small runs and references in memory, for the gate: a run's tables from formulas, its claims written by hand."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from synthetic_run import tables

from hypersvg.pipeline.gate.comparison import compare_sides
from hypersvg.pipeline.gate.drift import Drift
from hypersvg.pipeline.gate.sides import Side, flat
from hypersvg.reading.results import FILES
from hypersvg.settings import Settings

CLASS = {
    "cpu_capability": ["AVX512"],
    "processor": ["AuthenticAMD 25 17"],
    "threads": ["1"],
    "device": ["cpu"],
}
HERE = {"machine_class": CLASS, "versions": {"torch": "2.13.0", "hypersvg": "0.1.0"}}
ELSEWHERE = {**HERE, "machine_class": {**CLASS, "cpu_capability": ["AVX2"]}}


def blocks(seeds: int) -> dict[str, Any]:
    """Settings of a tiny run with two bandits, ``bandit2`` and ``bandit3``, and six timed repeats."""
    return {
        "run": {"seeds": seeds, "seed_block": 6, "fresh_seeds": 2},
        "data": {"source": "digits", "curve_images": 200},
        "toy": {"trajectories": 40, "steps": 4},
        "trajectories": {"count": 10},
        "ppo": {"hidden": [16], "environments": 4, "iterations": 3},
        "svg": {"width": 16},
        "offline": {"iterations": 10, "batch_trajectories": 4, "unrolls": [5, 10], "probed": 2, "probe_rates": 4},
        "online": {"steps": 4, "warm_ups": [2, 3]},
        "baselines": {"bo_initial": 5, "bo_iterations": 5, "fine_grid": 5},
        "runtimes": {"repeats": 6, "steps": 20},
    }


def claim(**changed: Any) -> dict[str, Any]:
    """The record of a claim that holds by far."""
    record = {
        "id": "bandits_rescue",
        "metric": "difference_from_starts",
        "parameters": {"method": "bandit50"},
        "comparison": "greater",
        "threshold": 0.0,
        "margin": 0.05,
        "verdict": "supported",
        "ours": 0.2,
        "interval": [0.18, 0.22],
        "family_interval": [0.15, 0.25],
        "seeds": 6,
        "exhibit": "table_4_4",
    }
    return {**record, **changed}


def timed_claim(**changed: Any) -> dict[str, Any]:
    """The record of a claim about wall time: log10 of a ratio of 1.78."""
    return claim(**{"id": "warm_up_costs_time", "metric": "log_seconds_ratio", "margin": 0.0, "ours": 0.25, **changed})


@cache
def stored(seeds: int) -> Side:
    settings = Settings.model_validate(blocks(seeds))
    made = {name: FILES[name].checked(frame, name) for name, frame in tables(settings).items()}
    claims = {record["id"]: record for record in (claim(), timed_claim())}
    return Side(Path("results/smoke"), flat(settings.model_dump(mode="json")), HERE, made, claims)


def side(*names: str, seeds: int = 6) -> Side:
    """A run with copies of the named tables alone, or of all, that a test may change."""
    run = stored(seeds)
    return replace(run, tables={name: run.tables[name].copy() for name in names or run.tables})


def drifts(new: Side, old: Side | None = None, elsewhere: bool = False) -> list[Drift]:
    """What the gate finds between a run and its reference (by default, the same tables as they were made).

    ``elsewhere``: the run is of another machine class.
    """
    there = old or side(*new.tables, seeds=new.settings["run.seeds"])
    return compare_sides(replace(new, facts=ELSEWHERE) if elsewhere else new, there).drifts


def lines(found: list[Drift]) -> list[str]:
    """Lines in words, the most important first."""
    ordered = sorted(found, key=lambda one: one.importance)
    return [f"{one.table}: {one.where}: {one.number}: {one.old} → {one.new}" for one in ordered]


def edited(table: str, edit: Callable[[pd.DataFrame], pd.DataFrame | None]) -> Side:
    """A run of one table, edited in place or anew."""
    run = side(table)
    changed = edit(run.tables[table])
    return run if changed is None else replace(run, tables={table: changed})
