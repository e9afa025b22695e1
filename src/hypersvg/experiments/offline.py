"""Offline SVG (Algorithms 5 and 6, sections 3.3 and 4.3.1): surrogate and policy from recorded trajectories."""

import numpy as np
import pandas as pd

from hypersvg.experiments.checkpoint import Rows, Work
from hypersvg.experiments.common import evaluate_rates, inner_task, reevaluate
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.learner import Learner, Recorded
from hypersvg.experiments.trajectories import open_states
from hypersvg.maths.random import seed_of
from hypersvg.progress import Tick, bar
from hypersvg.schema.offline import TRAJECTORIES
from hypersvg.tables import read_table
from hypersvg.tasks.base import Task

TRUTH_SEEDS = 4
"""Initialisations behind every point of value (iv)."""


def run(job: Job) -> Tables:
    """One unroll length (arm ``T05``): every seed's surrogate and policy, one seed after another.

    Seeds are not stacked here: a batch of trajectories fills the processor with one surrogate already.
    """
    if job.trajectories is None:
        raise ValueError("the offline stage needs --trajectories, the folder of the trajectories job")
    task, unroll = inner_task(job), int(job.arm.removeprefix("T"))
    table = read_table(job.trajectories / "trajectories.parquet", TRAJECTORIES)
    states, iterations = open_states(job.trajectories), job.settings.offline.iterations
    with bar(iterations * len(job.seeds), f"offline {job.arm}", "iteration") as tick:

        def of_seed(seed: int) -> Tables:
            rows = table[table["seed"] == seed].reset_index(drop=True)
            data = Recorded(states[job.seeds.index(seed)], rows, task.device)
            return learned(Learner(job, task, data, seed, unroll), tick)

        return job.checkpoint.over(job.seeds, of_seed, tick, iterations)


def learned(learner: Learner, tick: Tick) -> Tables:
    """All tables of one seed: the training's curves, the rates it chose, and the probes of its surrogate."""
    job, seed, unroll, rows = learner.job, learner.seed, learner.unroll, Rows()
    work: Work = {"learner": learner, "rows": rows}
    job.checkpoint.resume(work)
    tick(len(rows))
    for iteration in range(len(rows) + 1, job.settings.offline.iterations + 1):
        rows.append(learner.iterate(iteration))
        tick()
        job.checkpoint.offer(work)
    labels = {"seed": seed, "unroll": unroll}
    curves = with_truth(job, learner.task, pd.DataFrame(rows), seed).assign(**labels, top20=learner.data.top20)
    probes = {name: table.assign(**labels) for name, table in learner.probe().tables().items()}
    return {"offline_curves": curves, "runs": finished(job, learner.task, curves, job.arm), **probes}


def with_truth(job: Job, task: Task, frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add value (iv) at the evaluated iterations: the policy's rate on the true optimizer, 20 steps."""
    evaluated = frame["held_out_loss"].notna().to_numpy()
    values = np.full(len(frame), np.nan)
    seeds = [seed_of(seed, "truth", index) for index in range(TRUTH_SEEDS)]
    rates = frame["rate"][evaluated].tolist()
    values[evaluated] = evaluate_rates(job, task, rates, job.settings.trajectories.steps, seeds, "curve")
    return frame.assign(value_true=values)


def finished(job: Job, task: Task, frame: pd.DataFrame, arm: str) -> pd.DataFrame:
    """Runs of the whole and of the first half: the rate then chosen, as quoted (i) and on fresh seeds (iv)."""
    iterations = job.settings.offline.iterations
    rows = frame[frame["iteration"].isin([iterations // 2, iterations])]
    fresh = reevaluate(job, task, rows["rate"].tolist(), rows["seed"].tolist(), job.settings.trajectories.steps)
    settings = job.settings.trajectories
    return pd.DataFrame(
        {
            "method": [f"offline_{arm}_N{iteration}" for iteration in rows["iteration"]],
            "grid": "none",
            "run": 0,
            "start": job.settings.svg.neutral_rate,
            "seed": rows["seed"].to_numpy(),
            "rate": rows["rate"].to_numpy(),
            "quoted_accuracy": rows["value_inferred"].to_numpy(),
            "val_accuracy": fresh.validation,
            "test_accuracy": fresh.test,
            "status": ["ok" if alive else "diverged" for alive in fresh.alive],
            "inner_steps": settings.count * settings.steps,
            "evaluations": 0,
            "surrogate_updates": rows["iteration"].to_numpy(),
        }
    )
