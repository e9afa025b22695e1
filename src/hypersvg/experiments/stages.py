"""The stages of a run, as data: arms, settings they depend on, tables they write. Imports no numerics, so it is fast.

The workflow builds its rules from here; :mod:`hypersvg.pipeline.jobs` finds the stage's ``run(job)`` by its ``module``.
"""

from hypersvg.experiments.arms import Names, bo_lengths, trained_arms, unroll_arms
from hypersvg.experiments.estimator_stages import ESTIMATOR_STAGES, ESTIMATOR_TABLES
from hypersvg.experiments.spec import Groups, StageSpec, always
from hypersvg.settings import Settings
from hypersvg.settings.groups import Group

UNCOUNTED = ("run.seeds", "run.checkpoint_minutes", "run.group")
"""Settings of the block ``run`` on which no seed's results depend."""


def toy_groups(settings: Settings, table: str) -> Groups:
    """One imitation optimizer a momentum."""
    return "momentum", tuple(settings.toy.momenta)


def ppo_groups(settings: Settings, table: str) -> Groups:
    """The arms while training; the references, and every agent's rate as a constant, among the finished runs."""
    trained = trained_arms(settings)
    if table == "ppo_updates":
        return "arm", trained
    constants = (f"{arm}_constant" for arm in trained)
    return "method", tuple(f"ppo_{arm}" for arm in (*trained, *constants, "fixed", "fixed_long", "untrained"))


def offline_groups(settings: Settings, table: str) -> Groups:
    """Every unroll, read at the last and at the half-way iteration."""
    if table != "runs":
        return "unroll", tuple(settings.offline.unrolls)
    last = settings.offline.iterations
    return "method", tuple(f"offline_{arm}_N{n}" for arm in unroll_arms(settings) for n in (last // 2, last))


def online_groups(settings: Settings, table: str) -> Groups:
    """Adaptive, the bandits, the control arms (the longest warm-up stands for the bandits there), the user's own."""
    if table == "steering_gradients":
        return "method", ("adaptive", f"bandit{max(settings.online.warm_ups)}", "adaptive_frozen", "hypergradient")
    bandits = tuple(f"bandit{steps}" for steps in settings.online.warm_ups)
    longest = f"bandit{max(settings.online.warm_ups)}"
    controls = tuple(f"{method}_{arm}" for arm in ("untrained", "frozen") for method in ("adaptive", longest))
    return "method", ("adaptive", *bandits, *controls, "hypergradient", *settings.extensions.controllers)


def online_tables(arm: str) -> Names:
    """The arms that can tell write what they learned from; a user's own has no such table."""
    return ("curves", "runs", "steering_gradients") if arm in ONLINE_ARMS else ("curves", "runs")


def baselines_groups(settings: Settings, table: str) -> Groups | None:
    """Grid, random search, the constant rates; Bayesian optimization has runs but no curves."""
    if table == "bo_evaluations":
        return "phase", ("initial", "guided") if settings.baselines.bo_iterations else ("initial",)
    constants = ("adam_default", "random_rate", "best_constant")
    finished = ("bo", *bo_lengths(settings), "grid_long") if table == "runs" else ()
    return "method", ("grid", "random", *constants, *finished)


ONLINE_ARMS = ("adaptive", "bandit", "untrained", "frozen", "hypergradient")

STAGES = {
    stage.name: stage
    for stage in (
        StageSpec(
            "toy",
            blocks=("run", "toy"),
            arms=always("all"),
            tables=always("toy_rollouts", "toy_errors"),
            groups=toy_groups,
            needs_images=False,
        ),
        StageSpec(
            "trajectories",
            blocks=("run", "data", "inner", "trajectories"),
            arms=always("all"),
            tables=always("trajectories"),
            groups=lambda settings, table: None,
            arrays=("states.npy",),
        ),
        StageSpec(
            "ppo",
            blocks=("run", "data", "inner", "ppo"),
            arms=lambda settings: (*trained_arms(settings), "fixed", "untrained"),
            tables=lambda arm: ("runs",) if arm in ("fixed", "untrained") else ("ppo_updates", "runs"),
            groups=ppo_groups,
        ),
        StageSpec(
            "offline",
            blocks=("run", "data", "inner", "trajectories", "svg", "offline"),
            arms=unroll_arms,
            tables=always("offline_curves", "runs", "surrogate_errors", "surrogate_gradients", "landscapes"),
            groups=offline_groups,
            after="trajectories",
            ignores=("svg.value_batch", "svg.start", "svg.online_horizon"),
        ),
        StageSpec(
            "online",
            blocks=("run", "data", "inner", "svg", "online"),
            arms=lambda settings: (*ONLINE_ARMS, *settings.extensions.controllers),
            tables=online_tables,
            groups=online_groups,
            ignores=("svg.value", "svg.behaviour_cloning"),
        ),
        StageSpec(
            "baselines",
            blocks=("run", "data", "inner", "online", "baselines"),
            arms=always("grid", "random", "bo", "constants"),
            tables=lambda arm: ("bo_evaluations", "runs") if arm == "bo" else ("curves", "runs"),
            groups=baselines_groups,
            ignores=("online.reset",),
        ),
        StageSpec(
            "runtimes",
            blocks=("run", "data", "inner", "trajectories", "ppo", "svg", "offline", "online", "baselines", "runtimes"),
            arms=always("all"),
            tables=always("runtimes"),
            groups=lambda settings, table: None,
            by_seed=False,
            ignores=("trajectories.rates", "trajectories.lowest", "trajectories.highest"),
        ),
        StageSpec(
            "shortlist",
            blocks=("run", "data"),
            arms=always("all"),
            tables=always("shortlist"),
            groups=lambda settings, table: None,
        ),
        *ESTIMATOR_STAGES,
    )
}

TABLE_FILES = {
    ("toy", "toy_rollouts"): "toy_rollouts",
    ("toy", "toy_errors"): "toy_errors",
    ("trajectories", "trajectories"): "trajectories",
    ("ppo", "ppo_updates"): "ppo_updates",
    ("ppo", "runs"): "ppo_runs",
    ("offline", "offline_curves"): "offline_curves",
    ("offline", "runs"): "offline_runs",
    ("offline", "surrogate_errors"): "surrogate_errors",
    ("offline", "surrogate_gradients"): "surrogate_gradients",
    ("offline", "landscapes"): "landscapes",
    ("online", "curves"): "online_curves",
    ("online", "runs"): "online_runs",
    ("online", "steering_gradients"): "steering_gradients",
    ("baselines", "curves"): "baselines_curves",
    ("baselines", "runs"): "baselines_runs",
    ("baselines", "bo_evaluations"): "bo_evaluations",
    ("runtimes", "runtimes"): "runtimes",
    ("shortlist", "shortlist"): "shortlist",
    **ESTIMATOR_TABLES,
}
"""File name, under ``tables/`` of a run, of each gathered table by (stage, table)."""


def stages_of(group: Group) -> Names:
    """The stages of a group, in their order."""
    return tuple(name for name, spec in STAGES.items() if spec.group == group)


def block_settings(stage: str, settings: Settings) -> dict[str, dict[str, object]]:
    """The settings that ``stage`` depends on, as plain values; :data:`UNCOUNTED` are not among them.

    A user's own task is, wherever an inner problem is trained; a user's own controller belongs to its arm alone.
    """
    spec = STAGES[stage]
    blocks = {name: getattr(settings, name).model_dump(mode="json") for name in spec.blocks}
    for key in (*UNCOUNTED, *spec.ignores):
        block, _, name = key.partition(".")
        blocks[block].pop(name)
    if settings.extensions.task and spec.trains_the_task:
        blocks["extensions"] = {"task": settings.extensions.task}
    return blocks


def extension_of(stage: str, arm: str, settings: Settings) -> str | None:
    """The user's own controller behind an arm, as the settings name it; ``None`` for the replication's own arms."""
    return settings.extensions.controllers.get(arm) if stage == "online" else None


def seed_blocks(settings: Settings) -> list[tuple[int, int]]:
    """First and last seed of every job; earlier blocks keep their names when seeds are added."""
    size, count = settings.run.seed_block, settings.run.seeds
    return [(first, min(first + size, count) - 1) for first in range(0, count, size)]
