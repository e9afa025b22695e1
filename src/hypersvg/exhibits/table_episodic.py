"""Table 4.1: the episodic comparison."""

import pandas as pd

from hypersvg import thesis
from hypersvg.exhibits.costs import (
    cost_cells,
    costs,
    diverged,
    interval_cell,
    interval_columns,
    quoted_columns,
    seeds_note,
    thesis_cells,
    typed,
)
from hypersvg.exhibits.exhibit import Exhibit
from hypersvg.exhibits.intervals import rate, span, t_interval
from hypersvg.exhibits.names import label
from hypersvg.reading.results import Results
from hypersvg.settings import Settings

KEYS = ("method",)


def table_4_1(results: Results) -> Exhibit:
    """Bayesian optimization, offline SVG (every unroll and length), HyperPPO (every arm) and the fixed rate."""
    names = {**offline_methods(results.settings), **ppo_methods(results.settings), "bo": "baselines_runs"}
    rows = [
        row(method, results.complete(table, {"seed": results.seeds, "method": [method]}), results.settings)
        for method, table in sorted(names.items(), key=lambda item: order(item[0]))
    ]
    frame = typed(rows)
    display = {"": pd.DataFrame([cells(one) for _, one in frame.iterrows()])}
    return Exhibit("table_4_1", "Table 4.1.", frame, KEYS, described(results), None, display, notes(results))


def order(method: str) -> int:
    """The thesis's order of rows: Bayesian optimization, offline SVG, PPO; then the fixed rate."""
    return 3 if method in ("ppo_fixed", "ppo_untrained") else ("bo", "offline", "ppo").index(method.split("_")[0])


def offline_methods(settings: Settings) -> dict[str, str]:
    """Offline SVG at half and at all of its iterations, an unroll each."""
    lengths = (settings.offline.iterations // 2, settings.offline.iterations)
    return {
        f"offline_T{unroll:02d}_N{length}": "offline_runs" for unroll in settings.offline.unrolls for length in lengths
    }


def ppo_methods(settings: Settings) -> dict[str, str]:
    """PPO's arms and the fixed rate."""
    return {f"ppo_{arm}": "ppo_runs" for arm in (*settings.ppo.arms, "fixed", "untrained")}


def quoted(method: str, settings: Settings) -> thesis.Quoted | None:
    """The thesis's row for ``method``: offline SVG's is for 100 iterations, PPO's for the sparse arms."""
    if method.startswith("offline"):
        return thesis.EPISODIC["offline"] if method.endswith(f"_N{settings.offline.iterations // 2}") else None
    if method.startswith("ppo_sparse"):
        return thesis.EPISODIC["ppo"]
    return thesis.EPISODIC.get(method)


def row(method: str, runs: pd.DataFrame, settings: Settings) -> dict[str, object]:
    """One row of plain numbers."""
    return {
        "method": method,
        "label": f"{label(method)} ({settings.ppo.fixed_rate:g})" if method == "ppo_fixed" else label(method),
        **quoted_columns(quoted(method, settings)),
        **interval_columns("quoted_accuracy", t_interval(runs.quoted_accuracy)),
        **interval_columns("val_accuracy", t_interval(runs.val_accuracy)),
        **interval_columns("test_accuracy", t_interval(runs.test_accuracy)),
        "rate": runs.rate.median(),
        "rate_low": runs.rate.min(),
        "rate_high": runs.rate.max(),
        **costs(runs),
        **diverged(runs),
    }


def cells(row: "pd.Series[float]") -> dict[str, str]:
    """One row as printed."""
    return {
        "algorithm": str(row["label"]),
        **thesis_cells(row),
        "as quoted, val. [%]": interval_cell(row, "quoted_accuracy"),
        "re-evaluated, val. [%]": interval_cell(row, "val_accuracy"),
        "re-evaluated, test [%]": interval_cell(row, "test_accuracy"),
        "chosen lr": rate(row["rate"]),
        "lr range": span(rate(row["rate_low"]), rate(row["rate_high"])),
        **cost_cells(row),
    }


def described(results: Results) -> str:
    """The caption."""
    return (
        "Episodic comparison: a learning rate for "
        f"{results.settings.baselines.bo_steps} inner steps. 'As quoted' is what the thesis would report: the best "
        "of all "
        "noisy evaluations for Bayesian optimization, value (i) of Algorithm 5 for offline SVG, the last "
        "evaluation of the "
        "training for HyperPPO. 'Re-evaluated' trains afresh with the chosen rate or policy on "
        f"{results.settings.run.fresh_seeds} fresh seeds. Chosen lr: median and range over seeds."
    )


def notes(results: Results) -> tuple[str, ...]:
    """What a reader must know before comparing rows."""
    return (
        seeds_note(len(results.seeds)),
        "Rows of HyperPPO train an inner network with Glorot and Tanh, the others one with He uniform and ELU "
        "(Table 4.3).",
        "The thesis gives one row for offline SVG without its unroll and one for HyperPPO without its arm: they "
        "are set "
        f"beside every unroll at {results.settings.offline.iterations // 2} iterations and beside the sparse arms. "
        "Its value "
        "for the fixed rate is the text's 'somewhere around 60 percent'.",
        "Every seed has fresh seeds of its own, the same for every method.",
        "Costs are those of the whole search, mean over seeds.",
    )
