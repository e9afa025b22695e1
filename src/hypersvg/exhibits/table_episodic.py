"""Table 4.1: the episodic comparison."""

import math

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
from hypersvg.exhibits.table_settings import PRINTED
from hypersvg.reading.methods import episodic_controls
from hypersvg.reading.results import Results
from hypersvg.settings import Settings
from hypersvg.settings.blocks import Inner
from hypersvg.settings.methods import Ppo

KEYS = ("method",)
THESIS_CELLS = ["thesis acc. [%]", "thesis lr"]


def table_4_1(results: Results) -> Exhibit:
    """Bayesian optimization, offline SVG (every unroll and length), HyperPPO and the fixed rate; then the controls."""
    settings = results.settings
    methods = ["bo", *offline_methods(settings), *(f"ppo_{arm}" for arm in settings.ppo.arms), "ppo_fixed"]
    frame = typed(
        [row(results, method, "thesis") for method in methods]
        + [row(results, method, "control") for method in episodic_controls(settings)]
    )
    printed = pd.DataFrame([cells(one) for _, one in frame.iterrows()])
    display = {
        "": printed[(frame.block == "thesis").to_numpy()],
        "Control arms and further readings (not in the thesis)": printed[(frame.block == "control").to_numpy()].drop(
            columns=THESIS_CELLS
        ),
    }
    return Exhibit("table_4_1", "Table 4.1.", frame, KEYS, described(results), None, display, notes(results))


def offline_methods(settings: Settings) -> list[str]:
    """Offline SVG at half and at all of its iterations, an unroll each."""
    lengths = (settings.offline.iterations // 2, settings.offline.iterations)
    return [f"offline_T{unroll:02d}_N{length}" for unroll in settings.offline.unrolls for length in lengths]


def quoted(method: str, settings: Settings) -> thesis.Quoted | None:
    """The thesis's row for ``method``: offline SVG's is for 100 iterations, PPO's for the sparse arms."""
    if method.startswith("offline"):
        return thesis.EPISODIC["offline"] if method.endswith(f"_N{settings.offline.iterations // 2}") else None
    if method.startswith("ppo_sparse"):
        return thesis.EPISODIC["ppo"]
    return thesis.EPISODIC.get(method)


def row(results: Results, method: str, block: str) -> dict[str, object]:
    """One row of plain numbers."""
    table = "baselines_runs" if method == "bo" else f"{method.split('_')[0]}_runs"
    runs = results.complete(table, {"seed": results.seeds, "method": [method]})
    if method.endswith("_constant"):
        runs = runs.assign(quoted_accuracy=math.nan)  # the agent's, on another inner network
    return {
        "method": method,
        "block": block,
        "label": named(results.settings, method),
        **quoted_columns(quoted(method, results.settings) if block == "thesis" else None),
        **interval_columns("quoted_accuracy", t_interval(runs.quoted_accuracy)),
        **interval_columns("val_accuracy", t_interval(runs.val_accuracy)),
        **interval_columns("test_accuracy", t_interval(runs.test_accuracy)),
        "rate": runs.rate.median(),
        "rate_low": runs.rate.min(),
        "rate_high": runs.rate.max(),
        "length": length(results.settings, method),
        **costs(runs),
        **diverged(runs),
    }


def named(settings: Settings, method: str) -> str:
    """The label, with the value of what is fixed."""
    return f"{label(method)} ({settings.ppo.fixed_rate:g})" if method.startswith("ppo_fixed") else label(method)


def length(settings: Settings, method: str) -> int:
    """Inner steps of the training that is judged."""
    if method == "bo":
        return settings.baselines.bo_steps
    if method.startswith("offline"):
        return settings.trajectories.steps
    return settings.ppo.long_steps if method == "ppo_fixed_long" else settings.ppo.steps


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
        "steps": str(row["length"]),
        **cost_cells(row),
    }


def described(results: Results) -> str:
    """The caption."""
    return (
        f"Episodic comparison: a learning rate for {results.settings.baselines.bo_steps} inner steps. 'As quoted' is "
        "what the thesis would report: the best of all noisy evaluations for Bayesian optimization, value (i) of "
        "Algorithm 5 for offline SVG, the last evaluation of the training for HyperPPO, and for the fixed rate its "
        "score in the same evaluation episodes. 'Re-evaluated' trains afresh with the chosen rate or policy on "
        f"{results.settings.run.fresh_seeds} fresh seeds. Chosen lr: mean over the steps of an episode where a policy "
        "chooses; median and range over seeds. Steps: of the training that is judged."
    )


def notes(results: Results) -> tuple[str, ...]:
    """What a reader must know before comparing rows."""
    settings = results.settings
    return (
        seeds_note(len(results.seeds)),
        "Rows of HyperPPO, of the fixed rate and of the untrained policy train an inner network with "
        f"{network(settings.ppo)}, the others, rates as constants among them, one with {network(settings.inner)} "
        "(Table 4.3).",
        "The thesis gives one row for offline SVG without its unroll and one for HyperPPO without its arm: they are "
        f"set beside every unroll at {settings.offline.iterations // 2} iterations and beside the sparse arms. Its "
        "value for the fixed rate is the text's 'somewhere around 60 percent'.",
        f"ε: PPO's clipping parameter, {settings.ppo.clip:g} in the other rows. Its rate as a constant: the agent's "
        "mean rate in every step, in the protocol of Bayesian optimization's and offline SVG's rates. Untrained: the "
        "policy before its first update.",
        "Every seed has fresh seeds of its own, the same for every method.",
        "Costs are those of the whole search, mean over seeds; the trainings that re-evaluate come on top.",
    )


def network(settings: Ppo | Inner) -> str:
    """Initialisation and activation of an inner network, as Table 4.3 writes them."""
    return f"{PRINTED[settings.initialisation]} and {PRINTED[settings.activation]}"
