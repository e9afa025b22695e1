"""Columns that hold a finite number in every row: a diverged run has a floor value there, never NaN.

Whatever a surrogate or a policy says (its losses, values and rates) may be empty or infinite when it diverges.
"""

import numpy as np
import pandas as pd

from hypersvg.tables import Table, TableError

FINITE = {
    "curves": ("train_loss", "val_accuracy"),
    "runs": ("val_accuracy", "test_accuracy"),
    "bo_evaluations": ("rate", "val_accuracy", "best_so_far"),
    "runtimes": ("seconds", "factor"),
    "ppo_updates": ("eval_accuracy",),
    "trajectories": ("rate", "train_loss", "val_accuracy", "mean_accuracy", "top20"),
    "offline_curves": ("top20",),
    "surrogate_errors": ("one_step_persistence", "free_persistence"),
    "shortlist": ("rate", "val_accuracy", "thesis_accuracy"),
    "outer_curves": ("objective",),
    "outer_surfaces": ("objective",),
    "outer_variances": ("variance",),
}
"""By the name of the table."""


def require_finite(frame: pd.DataFrame, table: Table, where: str) -> None:
    """Raise :class:`~hypersvg.tables.TableError` naming the first row that lacks a number that it must have."""
    for column in FINITE.get(table.name, ()):
        bad = ~np.isfinite(frame[column])
        if bad.any():
            row = frame.loc[bad, list(table.keys)].iloc[0].to_dict()
            raise TableError(
                f"{where}: column {column}, which is never empty or infinite, has no number in the row {row} "
                f"({bad.sum()} such rows); delete the folder of its job and run the stage again"
            )
