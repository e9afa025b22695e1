"""Which methods stand beyond the thesis (stage ``beyond``), and their runs beside the replication's own."""

import pandas as pd

from hypersvg.reading.methods import bandits, runs_of, starts
from hypersvg.reading.results import Levels, Results
from hypersvg.settings import Settings

ESTIMATORS = ("es", "pes", "es_single", "full_es", "one_step", "k_step")
SEARCHES = ("svg", "svg_frozen")
"""HyperSVG at the same budgets, and through a surrogate that stays random."""
SINGLE = ("best_constant", "adam_default")


def adaptive(settings: Settings) -> list[str]:
    """The estimators that steer at every step."""
    return [f"{name}_adaptive" for name in ESTIMATORS]


def searches(settings: Settings, name: str) -> list[str]:
    """A chooser at each of its budgets, smallest first."""
    budgets = settings.beyond.svg_budgets if name in SEARCHES else settings.beyond.budgets
    return [f"{name}_{budget}" for budget in sorted(budgets)]


def replicated(settings: Settings) -> list[str]:
    """The rows of the replication that stand beside them: HyperSVG, its control arms, grid search, the constants."""
    longest = bandits(settings)[-1]
    frozen = ["adaptive_frozen", f"{longest}_frozen"]
    return ["adaptive", *bandits(settings), *frozen, "hypergradient", "random_rate", "grid", *SINGLE]


def runs_beyond(results: Results, method: str, grid: str) -> pd.DataFrame:
    """All finished runs of a method from a grid's starts, of this stage or of the replication."""
    if method in replicated(results.settings):
        return runs_of(results, method, grid)
    levels: Levels = {
        "method": [method],
        "grid": [grid],
        "run": list(range(starts(results.settings, grid))),
        "seed": results.seeds,
    }
    return results.complete("beyond_runs", levels)
