"""Which methods stand in the online tables, and their runs."""

import pandas as pd

from hypersvg.reading.results import Levels, Results
from hypersvg.settings import Settings

BASELINES = ("grid", "grid_long", "random", "random_rate", "adam_default", "best_constant")
WITHOUT_GRID = ("random", "adam_default", "best_constant")


def bandits(settings: Settings) -> list[str]:
    """The run's bandits, shortest warm-up first."""
    return [f"bandit{steps}" for steps in sorted(settings.online.warm_ups)]


def warm_up(method: str) -> int:
    """Warm-up steps of a method, control arms included."""
    return int(method.removeprefix("bandit").split("_")[0]) if method.startswith("bandit") else 0


def controls(settings: Settings) -> list[str]:
    """The control arms; the longest bandit stands for the bandits."""
    longest = bandits(settings)[-1]
    learned = [f"{method}_{part}" for part in ("untrained", "frozen") for method in ("adaptive", longest)]
    return [*learned, "hypergradient", "random_rate", "adam_default", "best_constant"]


def own(settings: Settings) -> list[str]:
    """The user's own methods of the online stage."""
    return list(settings.extensions.controllers)


def longer(settings: Settings) -> dict[str, int]:
    """Steps of the trainings at rates found without a warm-up, as long as the online runs and as the longest bandit."""
    steps = settings.online.steps
    longest = steps + warm_up(bandits(settings)[-1])
    return {"grid_long": longest, f"bo_{steps}": steps, f"bo_{longest}": longest}


def episodic_controls(settings: Settings) -> list[str]:
    """Rows of ``ppo_runs`` that the thesis does not have: other clipping parameters, references, rates as constants."""
    clips = [f"ppo_clip{round(100 * clip):03d}" for clip in settings.ppo.other_clips]
    constants = [f"ppo_{arm}_constant" for arm in settings.ppo.arms]
    return [*clips, "ppo_fixed_long", "ppo_untrained", *constants]


def starts(settings: Settings, grid: str) -> int:
    """Number of starting rates of a grid."""
    return settings.online.good_grid[2] if grid == "good" else settings.online.bad_grid[2]


def runs_of(results: Results, method: str, grid: str) -> pd.DataFrame:
    """All finished runs of a method from the ``grid``'s starts (or draws); every seed and start must be there."""
    settings = results.settings
    single = ("adam_default", "best_constant", "bo", *list(longer(settings))[1:])
    counts = {"random": settings.baselines.random_draws, **dict.fromkeys(single, 1)}
    levels: Levels = {
        "method": [method],
        "grid": ["none" if method in counts else grid],
        "run": list(range(counts.get(method, starts(settings, grid)))),
        "seed": results.seeds,
    }
    return results.complete("baselines_runs" if method in BASELINES or method in counts else "online_runs", levels)


def ranked(frame: pd.DataFrame) -> pd.DataFrame:
    """Runs or curves of random search with ``run`` = place of the draw among its seed's, smallest rate first.

    Draws differ by seed, so that averages over seeds need a common order.
    """
    draws = frame.groupby(["seed", "run"], as_index=False).start.first()
    draws["place"] = draws.groupby("seed").start.rank(method="first").astype("int64") - 1
    return frame.merge(draws[["seed", "run", "place"]], on=["seed", "run"]).assign(run=lambda rows: rows.place)
