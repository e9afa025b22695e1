"""The ppo stage: HyperPPO (Algorithms 2 and 3, section 4.2) in three arms, and the fixed-rate reference.

All arms see ``ppo.environments × ppo.iterations`` episodes in ``ppo.iterations`` updates of as many gradient steps;
they are compared by the accuracy reached at the last inner step, never by their returns, whose scales differ.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypersvg.environments import Arm, Episodes, Rules, ppo_task, rules_of
from hypersvg.environments.agent import Agent, make_agent, own_global_randomness
from hypersvg.experiments.arms import clip_arm
from hypersvg.experiments.checkpoint import Rows, Work
from hypersvg.experiments.common import inner_task, reevaluate, resolved_device, stage_images
from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import seed_of
from hypersvg.progress import Tick, bar
from hypersvg.settings import Settings
from hypersvg.tasks.base import SplitName, Task

EVALUATION_EPISODES = 4
"""Episodes, with initial parameters and minibatches that no agent trains on, behind every evaluation."""

Policy = Callable[[NDArray[np.float32]], Tensor]
"""Learning rates ``[entries]`` for observations ``[entries, parameters + 1]``."""
Row = dict[str, Any]


def run(job: Job) -> Tables:
    """Train the arm's agents (tables ``ppo_updates`` and ``runs``), or play a reference (``runs`` alone).

    ``fixed`` is the constant rate ``ppo.fixed_rate`` in the same episodes and in a longer training without a reset,
    ``untrained`` the policy before its first update, deciding once an episode: a control arm. Arms ``clip010`` train
    ``sparse_once`` with another ε. Seeds are trained one after another.
    """
    settings = job.settings
    task = ppo_task(settings, stage_images(job), resolved_device(settings))
    if job.arm == "fixed":
        rows = [row for seed in job.seeds for row in (fixed_run(job, task, seed), fixed_run(job, task, seed, "_long"))]
        return {"runs": pd.DataFrame(rows)}
    if job.arm == "untrained":
        return {"runs": pd.DataFrame([untrained_run(job, task, seed) for seed in job.seeds])}
    with bar(len(job.seeds) * settings.ppo.iterations, f"ppo {job.arm}", "update") as tick:
        tables = job.checkpoint.over(
            job.seeds, lambda seed: train(job, task, seed, tick), tick, settings.ppo.iterations
        )
    return {**tables, "runs": with_constants(job, tables["runs"])}


def with_constants(job: Job, runs: pd.DataFrame) -> pd.DataFrame:
    """Add each agent's mean rate as a constant on the inner network of the other methods (``ppo_dense_constant``).

    Fresh seeds and length are those of Bayesian optimization and offline SVG: one protocol for every chosen rate.
    """
    fresh = reevaluate(job, inner_task(job), runs["rate"].tolist(), runs["seed"].tolist(), job.settings.ppo.steps)
    scores = {"val_accuracy": fresh.validation, "test_accuracy": fresh.test}
    status = ["ok" if alive else "diverged" for alive in fresh.alive]
    return pd.concat([runs, runs.assign(method=runs["method"] + "_constant", status=status, **scores)])


@dataclass(frozen=True)
class Played:
    """Finished episodes, the mean learning rate over their steps, and the accuracy reached on the curve images."""

    episodes: Episodes
    rate: float
    reached: float

    def accuracy(self, split: SplitName) -> float:
        """Mean accuracy in [0, 1] at the last step; a diverged episode counts with its floor."""
        return float(self.episodes.accuracy(split).mean())

    @property
    def status(self) -> str:
        """``diverged`` when any of the episodes has."""
        return "ok" if bool(self.episodes.alive.all()) else "diverged"


def play(task: Task, rules: Rules, seeds: Sequence[int], policy: Policy) -> Played:
    """One episode of every seed under ``policy``; rates are averaged as they are, not in log10."""
    unrewarded = replace(rules, arm="sparse_every") if rules.arm == "dense" else rules
    episodes, rates = Episodes(task, unrewarded), []
    observation, reached = episodes.start(seeds), float("nan")
    while episodes.running:
        outcome = episodes.decide(policy(observation))
        observation = outcome.observation
        rates.append(outcome.rate)
        if outcome.accuracy is not None:
            reached = float(outcome.accuracy.mean())
    return Played(episodes, float(np.mean(rates)), reached)


def evaluation_seeds(seed: int) -> list[int]:
    """Seeds of the evaluation episodes of ``seed``: the same at every update and for every arm."""
    return [seed_of(seed, "evaluation", episode) for episode in range(EVALUATION_EPISODES)]


def train(job: Job, task: Task, seed: int, tick: Tick) -> Tables:
    """Train the arm's agent of ``seed``; its rows of ``ppo_updates`` and its row of ``runs``."""
    settings, (arm, clip) = job.settings, clipped(job.settings, job.arm)
    with own_global_randomness():
        agent, rows = make_agent(settings, task, arm, seed, clip), Rows()
        work: Work = {"agent": agent, "rows": rows}
        job.checkpoint.resume(work)
        tick(len(rows))
        for update in range(len(rows) + 1, settings.ppo.iterations + 1):
            if rows:
                job.checkpoint.offer(work)
            learned = agent.update()
            played = play(task, agent.rules, evaluation_seeds(seed), agent.rates)
            rows.append(update_row(settings, job.arm, seed, update) | learned | evaluation(played))
            tick()
    fresh = play(task, agent.rules, job.fresh_seeds(seed), agent.rates)
    run = run_row(job.arm, seed, played, fresh) | charged(settings, agent)
    return {"ppo_updates": pd.DataFrame(rows), "runs": pd.DataFrame([run])}


def clipped(settings: Settings, arm: str) -> tuple[Arm, float]:
    """The environment's arm and the clipping parameter of a job's arm: ``clip010`` is sparse_once with ε = 0.1."""
    others: dict[str, float] = {clip_arm(clip): clip for clip in settings.ppo.other_clips}
    return ("sparse_once", others[arm]) if arm in others else (cast(Arm, arm), settings.ppo.clip)


def update_row(settings: Settings, arm: str, seed: int, update: int) -> Row:
    """The keys of an update, and the inner trainings behind it so far."""
    return {"seed": seed, "arm": arm, "update": update, "episodes": update * settings.ppo.environments}


def evaluation(played: Played) -> Row:
    """What is recorded of evaluation episodes at every update."""
    return {"eval_accuracy": played.reached, "rate": played.rate}


def fixed_run(job: Job, task: Task, seed: int, length: str = "") -> Row:
    """The row of ``runs`` of the constant rate, in the evaluation episodes that the agents of ``seed`` have.

    ``length`` ``_long``: the same training without a reset for ``ppo.long_steps``.
    """
    settings = job.settings.ppo
    rules = rules_of(job.settings, "sparse_once")
    if length:
        rules = replace(rules, steps=settings.long_steps)

    def constant(observation: NDArray[np.float32]) -> Tensor:
        return torch.full((len(observation),), settings.fixed_rate)

    quoted = play(task, rules, evaluation_seeds(seed), constant)
    fresh = play(task, rules, job.fresh_seeds(seed), constant)
    return run_row(f"fixed{length}", seed, quoted, fresh) | {"inner_steps": rules.steps, "evaluations": 0}


def untrained_run(job: Job, task: Task, seed: int) -> Row:
    """The row of ``runs`` of the mean policy with its first random weights."""
    with own_global_randomness():
        agent = make_agent(job.settings, task, "sparse_once", seed)
        quoted = play(task, agent.rules, evaluation_seeds(seed), agent.rates)
        fresh = play(task, agent.rules, job.fresh_seeds(seed), agent.rates)
    return run_row("untrained", seed, quoted, fresh) | {"inner_steps": agent.rules.steps, "evaluations": 0}


def run_row(arm: str, seed: int, quoted: Played, fresh: Played) -> Row:
    """A row of ``runs``: the last evaluation as it would be quoted, and the policy in fresh episodes.

    All accuracies are on all images; the fresh episodes of a seed are the same for every arm.
    """
    return {
        "method": f"ppo_{arm}",
        "grid": "none",
        "run": 0,
        "start": np.nan,
        "seed": seed,
        "rate": quoted.rate,
        "quoted_accuracy": quoted.accuracy("validation"),
        "val_accuracy": fresh.accuracy("validation"),
        "test_accuracy": fresh.accuracy("test"),
        "status": "ok" if quoted.status == fresh.status == "ok" else "diverged",
        "surrogate_updates": 0,
    }


def charged(settings: Settings, agent: Agent) -> Row:
    """What training cost. Evaluation episodes only watch: the last policy is taken, so nothing is selected on them."""
    episodes = settings.ppo.environments * settings.ppo.iterations
    return {"inner_steps": episodes * agent.rules.steps, "evaluations": episodes * agent.rules.rewards}
