"""The stages of the group ``estimators``, as data: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from hypersvg.experiments.arms import Names
from hypersvg.experiments.spec import Groups, StageSpec, always
from hypersvg.settings import Settings

CURVES: Names = ("outer_curves", "outer_parameters")
"""What every stage that optimizes outer parameters writes; large vectors of them are left out of the second."""


def influence_groups(settings: Settings, table: str) -> Groups:
    """Every estimator."""
    return "method", ("es", "pes", "es_single", "rtrl", "tbptt")


def learned_groups(settings: Settings, table: str) -> Groups:
    """Every estimator, or the two optimizers beside the learned one."""
    return ("optimizer", ("adam", "momentum")) if table == "outer_rates" else ("method", ("es", "pes", "es_single"))


def many_groups(settings: Settings, table: str) -> Groups:
    """Every estimator, and random search, whose draws are not kept."""
    estimators = ("es", "pes", "es_single")
    return "method", estimators if table == "outer_parameters" else (*estimators, "random_search")


ESTIMATOR_STAGES = (
    StageSpec(
        "influence",
        blocks=("run", "influence"),
        arms=always("all"),
        tables=always(*CURVES),
        groups=influence_groups,
        needs_images=False,
        group="estimators",
    ),
    StageSpec(
        "learned",
        blocks=("run", "data", "learned"),
        arms=always("all"),
        tables=always("outer_curves", "outer_rates"),
        groups=learned_groups,
        group="estimators",
    ),
    StageSpec(
        "smoothing",
        blocks=("run", "data", "learned", "smoothing"),
        arms=always("all"),
        tables=always("outer_curves"),
        groups=lambda settings, table: ("method", ("es_single",)),
        group="estimators",
    ),
    StageSpec(
        "many",
        blocks=("run", "data", "many"),
        arms=always("all"),
        tables=always(*CURVES),
        groups=many_groups,
        group="estimators",
    ),
)

ESTIMATOR_TABLES = {
    (spec.name, table): f"{spec.name}_{table.removeprefix('outer_')}"
    for spec in ESTIMATOR_STAGES
    for table in spec.tables("all")
}
"""File name of each of their gathered tables; see ``TABLE_FILES``."""
