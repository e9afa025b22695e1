"""Which notebook makes which exhibits, from which tables."""

from dataclasses import dataclass

from hypersvg.settings.groups import Group


@dataclass(frozen=True)
class Notebook:
    """One notebook: the exhibits it writes, the gathered tables it reads, and the runs that it belongs to."""

    exhibits: tuple[str, ...]
    tables: tuple[str, ...]
    group: Group = "thesis"


NOTEBOOKS = {
    "toy": Notebook(("fig_4_01",), ("toy_rollouts", "toy_errors")),
    "ppo": Notebook(("fig_4_02",), ("ppo_updates", "ppo_runs")),
    "offline": Notebook(("fig_4_03", "fig_4_04", "fig_4_05", "fig_4_06"), ("offline_curves", "offline_runs")),
    "bayesian_optimization": Notebook(("fig_4_07",), ("bo_evaluations", "baselines_runs")),
    "online_good": Notebook(
        ("fig_4_08", "fig_4_09", "fig_4_10"), ("online_curves", "online_runs", "baselines_curves", "baselines_runs")
    ),
    "runtimes": Notebook(("fig_4_11",), ("runtimes",)),
    "online_bad": Notebook(
        ("fig_4_12", "fig_4_13", "fig_4_14"), ("online_curves", "online_runs", "baselines_curves", "baselines_runs")
    ),
    "tables": Notebook(
        ("table_4_1", "table_4_2", "table_4_3", "table_4_4"),
        ("trajectories", "ppo_runs", "offline_runs", "online_runs", "baselines_runs", "bo_evaluations"),
    ),
    "surrogate": Notebook(
        ("fig_surrogate", "fig_landscapes"),
        ("offline_curves", "surrogate_errors", "surrogate_gradients", "landscapes", "steering_gradients"),
    ),
    "budgets": Notebook(
        ("fig_budgets", "table_budgets", "table_time_to_90"),
        ("online_curves", "online_runs", "baselines_curves", "baselines_runs", "offline_runs", "ppo_runs", "runtimes"),
    ),
    "protocol": Notebook(("fig_protocol", "table_protocol"), ("shortlist",)),
    "influence": Notebook(("fig_influence",), ("influence_parameters",), "estimators"),
    "ridge": Notebook(("fig_ridge",), ("ridge_curves", "ridge_parameters"), "estimators"),
    "copying": Notebook(("fig_copying",), ("copying_curves",), "estimators"),
    "learned": Notebook(("fig_learned",), ("learned_curves", "learned_rates"), "estimators"),
    "smoothing": Notebook(("fig_smoothing",), ("smoothing_curves",), "estimators"),
    "many": Notebook(("fig_many",), ("many_curves", "many_parameters"), "estimators"),
    "schedule": Notebook(
        ("fig_schedule",), ("schedule_curves", "schedule_parameters", "schedule_surfaces"), "estimators"
    ),
    "stability": Notebook(
        ("fig_stability",),
        ("stability_curves", "stability_parameters", "stability_gradients", "stability_variances"),
        "estimators",
    ),
    "heuristic": Notebook(("fig_heuristic",), ("heuristic_curves", "heuristic_parameters"), "estimators"),
    "beyond": Notebook(("fig_beyond", "table_beyond"), ("beyond_runs", "online_runs", "baselines_runs"), "estimators"),
}

EXHIBITS = {exhibit: name for name, notebook in NOTEBOOKS.items() for exhibit in notebook.exhibits}
"""The notebook behind every exhibit."""


def notebooks_of(group: Group) -> dict[str, Notebook]:
    """The notebooks of a group, in their order."""
    return {name: notebook for name, notebook in NOTEBOOKS.items() if notebook.group == group}


def exhibits_of(group: Group) -> list[str]:
    """The exhibits of a group, in the order of their notebooks."""
    return [exhibit for notebook in notebooks_of(group).values() for exhibit in notebook.exhibits]


def exhibit_files(exhibit: str) -> tuple[str, ...]:
    """Files of one exhibit, under ``exhibits/`` of a run."""
    suffixes = ("svg", "png", "csv") if exhibit.startswith("fig_") else ("csv", "md")
    return tuple(f"{exhibit}.{suffix}" for suffix in suffixes)
