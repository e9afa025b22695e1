"""The stages of the group ``estimators``, as data: gradient estimators of unrolled computation (Vicol 2023, slides)."""

from hypersvg.experiments.arms import Names
from hypersvg.experiments.spec import Groups, StageSpec, always
from hypersvg.settings import Settings

CURVES: Names = ("outer_curves", "outer_parameters")
"""What every stage that optimizes outer parameters writes; large vectors of them are left out of the second."""


def influence_groups(settings: Settings, table: str) -> Groups:
    """Every estimator."""
    return "method", ("es", "pes", "es_single", "rtrl", "tbptt")


ESTIMATORS: Names = ("es", "pes", "es_single", "full_es", "one_step", "k_step")
"""Choosers of the thesis's learning rate; the last two differentiate the true optimizer."""
SEARCHES: Names = ("svg", "svg_frozen")
"""HyperSVG at the same budgets, and its control through a frozen random surrogate."""


def beyond_groups(settings: Settings, table: str) -> Groups:
    """Every estimator steering and at every budget; HyperSVG at its budgets."""
    beyond = settings.beyond
    adaptive = tuple(f"{name}_adaptive" for name in ESTIMATORS)
    if table == "curves":
        return "method", adaptive
    found = tuple(f"{name}_{budget}" for name in ESTIMATORS for budget in beyond.budgets)
    return "method", (*adaptive, *found, *(f"{name}_{budget}" for name in SEARCHES for budget in beyond.svg_budgets))


def beyond_tables(arm: str) -> Names:
    """HyperSVG's own searches have no curves here: the online stage draws theirs."""
    return ("runs",) if arm in SEARCHES else ("curves", "runs")


def learned_groups(settings: Settings, table: str) -> Groups:
    """Every estimator, or the two optimizers beside the learned one."""
    return ("optimizer", ("adam", "momentum")) if table == "outer_rates" else ("method", ("es", "pes", "es_single"))


def many_groups(settings: Settings, table: str) -> Groups:
    """Every estimator, and random search, whose draws are not kept."""
    estimators = ("es", "pes", "es_single")
    return "method", estimators if table == "outer_parameters" else (*estimators, "random_search")


def schedule_groups(settings: Settings, table: str) -> Groups | None:
    """Every estimator; the map belongs to none."""
    return None if table == "outer_surfaces" else ("method", settings.schedule.METHODS)


def stability_groups(settings: Settings, table: str) -> Groups:
    """PES and ES-Single."""
    return "method", settings.stability.METHODS


def heuristic_groups(settings: Settings, table: str) -> Groups:
    """The one-step hypergradient and the evolution strategies."""
    return "method", ("one_step", "es", "pes", "es_single")


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
        "ridge",
        blocks=("run", "ridge"),
        arms=always("all"),
        tables=always(*CURVES),
        groups=lambda settings, table: ("method", ("es", "pes", "es_single", "full_es", "optimum")),
        needs_images=False,
        group="estimators",
    ),
    StageSpec(
        "copying",
        blocks=("run", "copying"),
        arms=always("short", "long"),
        tables=always("outer_curves"),
        groups=lambda settings, table: ("method", ("es", "pes", "es_single", "tbptt", "backprop")),
        needs_images=False,
        group="estimators",
    ),
    StageSpec(
        "learned",
        blocks=("run", "data", "fashion", "learned"),
        arms=always("all"),
        tables=always("outer_curves", "outer_rates"),
        groups=learned_groups,
        fashion=True,
        group="estimators",
    ),
    StageSpec(
        "smoothing",
        blocks=("run", "data", "fashion", "learned", "smoothing"),
        arms=always("all"),
        tables=always("outer_curves"),
        groups=lambda settings, table: ("method", ("es_single",)),
        fashion=True,
        group="estimators",
    ),
    StageSpec(
        "many",
        blocks=("run", "data", "fashion", "many"),
        arms=always("all"),
        tables=always(*CURVES),
        groups=many_groups,
        fashion=True,
        group="estimators",
    ),
    StageSpec(
        "beyond",
        blocks=("run", "data", "inner", "svg", "online", "beyond"),
        arms=always(*ESTIMATORS, *SEARCHES),
        tables=beyond_tables,
        groups=beyond_groups,
        group="estimators",
        ignores=("svg.value", "svg.behaviour_cloning", "online.reset", "online.warm_ups"),
    ),
    StageSpec(
        "schedule",
        blocks=("run", "data", "unrolled", "schedule"),
        arms=always("all"),
        tables=always(*CURVES, "outer_surfaces"),
        groups=schedule_groups,
        group="estimators",
    ),
    StageSpec(
        "stability",
        blocks=("run", "data", "unrolled", "stability"),
        arms=always("all"),
        tables=always(*CURVES, "outer_gradients", "outer_variances"),
        groups=stability_groups,
        group="estimators",
    ),
    StageSpec(
        "heuristic",
        blocks=("run", "data", "unrolled", "heuristic"),
        arms=always("all"),
        tables=always(*CURVES),
        groups=heuristic_groups,
        group="estimators",
    ),
)

ESTIMATOR_TABLES = {
    (spec.name, table): f"{spec.name}_{table.removeprefix('outer_')}"
    for spec in ESTIMATOR_STAGES
    for table in dict.fromkeys(table for arm in (*ESTIMATORS, "all") for table in spec.tables(arm))
}
"""File name of each of their gathered tables; see ``TABLE_FILES``."""
