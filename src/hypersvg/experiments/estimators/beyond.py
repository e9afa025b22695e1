"""Stage *beyond*: gradient estimators as choosers of the thesis's learning rate, beside HyperSVG, at equal budgets.

Two forms, as the thesis has them: *adaptive*, where the estimator steers the true optimizer at every step, and a search
at a budget, after which the true optimizer is reset and trained at the rate that was found, as a bandit is after its
warm-up. HyperSVG's own searches (and those through a frozen random surrogate) run here too, at the same budgets.
"""

from typing import cast

import pandas as pd
import torch
from torch import Tensor

from hypersvg.controllers.constant import Constant
from hypersvg.controllers.estimated import Estimated, Estimator, descents, unroll_of
from hypersvg.controllers.hypersvg import Derivative, HyperSvg
from hypersvg.experiments.checkpoint import Work
from hypersvg.experiments.common import (
    curves_frame,
    inner_task,
    labels_of,
    memory_chunks,
    runs_frame,
    starting_rates,
    svg_bytes,
)
from hypersvg.experiments.job import Job, Tables
from hypersvg.progress import Tick, bar
from hypersvg.tasks.base import Task
from hypersvg.tasks.unrolled import RULES, Rule
from hypersvg.training import Curves, InnerTraining, Recording, train

SVG_ARMS: dict[str, Derivative] = {"svg": "surrogate", "svg_frozen": "frozen"}
"""HyperSVG's searches: through the surrogate that learns beside them, and through one that stays random."""


def run(job: Job) -> Tables:
    """One arm from every starting rate of both grids."""
    return svg(job) if job.arm in SVG_ARMS else estimated(job)


def rule_of(job: Job) -> Rule:
    """The true optimizer as particles unroll it; raises ``ValueError`` for one that they do not know."""
    name = job.settings.inner.optimizer
    if name not in RULES:
        raise ValueError(f"inner.optimizer = {name}: particles unroll {' and '.join(RULES)} alone")
    return name


def estimated(job: Job) -> Tables:
    """An estimator: steering the main run, and searching at every budget."""
    task, group, rule = inner_task(job), starting_rates(job.settings), rule_of(job)
    budgets = sorted(job.settings.beyond.budgets)
    total = job.settings.online.steps + max(budgets)
    with bar(total * len(job.seeds), f"beyond {job.arm}", "step") as tick:

        def one(seed: int) -> Tables:
            adaptive = steered(job, task, seed, group, rule, tick)
            return joined([adaptive, *searched(job, task, seed, group, rule, budgets, tick)])

        return job.checkpoint.over(list(job.seeds), one, tick, total)


def steered(job: Job, task: Task, seed: int, group: pd.DataFrame, rule: Rule, tick: Tick) -> Tables:
    """The estimator steers the true optimizer from every start; its particles are charged."""
    steps, starts = job.settings.online.steps, starts_of(group, task)
    controller = Estimated(task, job.settings.beyond, cast(Estimator, job.arm), [seed], starts, rule, steps)
    training, recording = InnerTraining(task, job.settings.inner.optimizer, [seed], len(group)), Recording()
    work: Work = {"training": training, "controller": controller, "recording": recording}
    job.checkpoint.resume(work)

    def after_step(_: object) -> None:
        tick()
        job.checkpoint.offer(work)

    curves = train(training, controller, steps, after_step=after_step, recording=recording)
    return made(task, labels_of([seed], group).assign(method=f"{job.arm}_adaptive"), curves, controller.inner_steps)


def searched(
    job: Job, task: Task, seed: int, group: pd.DataFrame, rule: Rule, budgets: list[int], tick: Tick
) -> list[Tables]:
    """One search from every start, read when each budget is spent, and a fresh training at the rate that was read."""
    steps, starts = job.settings.online.steps, starts_of(group, task)
    found = descents(task, job.settings.beyond, cast(Estimator, job.arm), [seed], starts, rule, steps)
    price, tables = unroll_of(job.settings.beyond, cast(Estimator, job.arm))[1], []
    for budget in budgets:
        before = found[0].inner_steps
        for descent in found:
            while descent.inner_steps + price <= budget:
                descent.update()
        tick(found[0].inner_steps - before)
        rates = torch.cat([descent.theta for descent in found]).exp()
        tables.append(exploited(job, task, [seed], group, rates, f"{job.arm}_{budget}", found[0].inner_steps))
    return tables


def svg(job: Job) -> Tables:
    """HyperSVG as a search: its last action when each budget of steering steps is spent, as of a bandit."""
    task, group = inner_task(job), starting_rates(job.settings)
    lengths = sorted(job.settings.beyond.svg_budgets)
    size = svg_bytes(task.parameters, job.settings.svg.width)
    chunks = list(memory_chunks(job.seeds, group, size, job.settings.run.memory_gib))
    with bar(max(lengths) * len(chunks), f"beyond {job.arm}", "step") as tick:

        def one(chunk: tuple[list[int], pd.DataFrame]) -> Tables:
            return joined(warmed_up(job, task, *chunk, lengths, tick))

        return job.checkpoint.over(chunks, one, tick, max(lengths))


def warmed_up(
    job: Job, task: Task, seeds: list[int], group: pd.DataFrame, lengths: list[int], tick: Tick
) -> list[Tables]:
    """One warm-up read at every length, and a fresh training at the rate that was read."""
    derivative = SVG_ARMS[job.arm]
    controller = HyperSvg(task, job.settings.svg, seeds, starts_of(group, task).cpu(), derivative, max(lengths))
    training = InnerTraining(task, job.settings.inner.optimizer, seeds, len(group))
    tables = []
    for length in lengths:
        train(training, controller, length - training.steps, record_accuracy=False, after_step=lambda _: tick())
        rates = controller.last_action(training.parameters)
        updates = length if derivative == "surrogate" else 0
        tables.append(exploited(job, task, seeds, group, rates, f"{job.arm}_{length}", length, updates))
    return tables


def exploited(
    job: Job,
    task: Task,
    seeds: list[int],
    group: pd.DataFrame,
    rates: Tensor,
    method: str,
    spent: int,
    surrogate_updates: int = 0,
) -> Tables:
    """A fresh training at the rates that were found, with the reset and the minibatches of the thesis's bandits."""
    steps = job.settings.online.steps
    training = InnerTraining(task, job.settings.inner.optimizer, seeds, len(group), init_purpose="reset")
    curves = train(training, Constant(rates.float()), steps, record_accuracy=False)
    return made(task, labels_of(seeds, group).assign(method=method), curves, spent + steps, surrogate_updates)


def made(task: Task, labels: pd.DataFrame, curves: Curves, inner_steps: int, surrogate_updates: int = 0) -> Tables:
    """The rows of finished runs, with what they are charged, and of the curves where they were recorded."""
    charged = {"inner_steps": inner_steps, "evaluations": 1, "surrogate_updates": surrogate_updates}
    frame = curves_frame(labels, curves)
    recorded = frame[frame["val_accuracy"].notna()]
    runs = runs_frame(labels, task, curves, **charged)
    return {"runs": runs} if recorded.empty else {"runs": runs, "curves": recorded}


def joined(parts: list[Tables]) -> Tables:
    """The rows of several parts under one another; not every part has every table."""
    names = dict.fromkeys(name for part in parts for name in part)
    return {name: pd.concat([part[name] for part in parts if name in part], ignore_index=True) for name in names}


def starts_of(group: pd.DataFrame, task: Task) -> Tensor:
    """Starting rates ``[group]``."""
    return torch.tensor(group["start"].to_numpy(), dtype=torch.float32, device=task.device)
