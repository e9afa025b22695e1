"""The stages of the group ``estimators``, as data: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from hypersvg.experiments.arms import Names
from hypersvg.experiments.spec import Groups, StageSpec, always
from hypersvg.settings import Settings

CURVES: Names = ("outer_curves", "outer_parameters")
"""What every stage that optimizes outer parameters writes; large vectors of them are left out of the second."""


def influence_groups(settings: Settings, table: str) -> Groups:
    """Every estimator."""
    return "method", ("es", "pes", "es_single", "rtrl", "tbptt")


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
)

ESTIMATOR_TABLES = {
    (spec.name, table): f"{spec.name}_{table.removeprefix('outer_')}"
    for spec in ESTIMATOR_STAGES
    for table in spec.tables("all")
}
"""File name of each of their gathered tables; see ``TABLE_FILES``."""
