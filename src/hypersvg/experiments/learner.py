"""Algorithm 6 for one seed and one unroll length: what it learns from, and what is recorded of it."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.job import Job
from hypersvg.experiments.offline_updates import seen, updates_of
from hypersvg.experiments.probes import Probe, probe_seeds
from hypersvg.maths.random import torch_generator
from hypersvg.maths.resume import State, fill
from hypersvg.maths.surrogate import Policy, Surrogate
from hypersvg.maths.svg import Noise, Reading, unrolled
from hypersvg.maths.unroll import Pass, chained, free_anchors, inner_of, recorded_anchors
from hypersvg.tasks.base import Task


class Recorded:
    """One seed's trajectories: ``states [count, steps + 1, P]`` on ``device`` and their table, in the same order."""

    def __init__(self, states: np.ndarray, table: pd.DataFrame, device: str) -> None:
        self.states, self.table = torch.from_numpy(np.array(states)).to(device), table
        self.rates = torch.tensor(table["rate"].to_numpy(), dtype=torch.float32, device=device)

    @property
    def top20(self) -> float:
        """Mean accuracy of the best 20 % of trajectories."""
        return float(self.table["top20"].iloc[0])

    def rows(self, split: str) -> Tensor:
        """Indices of a split's trajectories; the split is by trajectory, never by transition."""
        return torch.from_numpy(np.flatnonzero(self.table["split"] == split)).to(self.rates.device)

    @cached_property
    def moved(self) -> Tensor:
        """Squared length of every recorded step, ``[count, steps]``: the error of predicting s' = s."""
        return torch.stack([(one[1:] - one[:-1]).square().sum(dim=1) for one in self.states])

    def window(self, rows: Tensor, first: int, length: int) -> tuple[Tensor, Tensor]:
        """States ``[1, batch, length + 1, P]`` and rates ``[1, batch, length]`` of a window of some trajectories."""
        states = self.states.narrow(1, first, length + 1).index_select(0, rows)
        return states.unsqueeze(0), self.rates[rows].view(1, -1, 1).repeat(1, 1, length)


@dataclass
class Learner:
    """Surrogate and policy of one seed and one unroll length."""

    job: Job
    task: Task
    data: Recorded
    seed: int
    unroll: int
    surrogate: Surrogate = field(init=False)
    policy: Policy = field(init=False)
    scores: dict[tuple[int, int], float] = field(init=False, default_factory=dict, repr=False)
    iterations: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        svg, task = self.job.settings.svg, self.task
        generators = [torch_generator(self.seed, "offline", self.unroll)]
        start = torch.full((1,), svg.neutral_rate, device=task.device)
        self.surrogate = Surrogate.create(
            svg.surrogate,
            svg.rate_input,
            svg.surrogate_output,
            task.parameters,
            svg.width,
            generators,
            task.device,
        )
        self.policy = Policy.create(
            svg.bijection,
            (svg.lowest, svg.highest),
            start,
            task.parameters,
            svg.policy_width or svg.width,
            generators,
        )
        self.generator = torch_generator(self.seed, "offline batches", self.unroll)
        self.batches = task.batches([self.seed], "offline value")
        self.update = updates_of(task, svg, self.surrogate, self.policy, self.generator)
        self.held_out = self.data.window(self.data.rows("held_out"), 0, self.unroll)

    def iterate(self, iteration: int) -> dict[str, float]:
        """Iteration 1, 2, … of Algorithm 6; the row of ``offline_curves`` describes the state after the update."""
        rows, first = self.sample()
        states, rates = self.data.window(rows, first, self.unroll)
        loss = self.update(states, rates, self.batches.next())
        self.iterations += 1
        size = self.task.parameters
        return {
            "iteration": iteration,
            "model_loss": float(loss) / size,
            "persistence_loss": float(self.data.moved[rows, first : first + self.unroll].mean()) / size,
            "value_inferred": self.recorded_accuracy(rows, first + self.unroll),
            "rate": self.rate(),
            **self.evaluated(iteration, states, rates),
        }

    def probe(self) -> Probe:
        """The surrogate as it is now, on held-out trajectories from their first step."""
        rows = self.data.rows("held_out")[: self.job.settings.offline.probed]
        states, rates = self.data.window(rows, 0, self.unroll)
        seeds = probe_seeds(self.seed, rows.tolist())
        return Probe(self.job, self.task, self.surrogate.detached(), states, rates, seeds, self.seed)

    def sample(self) -> tuple[Tensor, int]:
        """A batch of training trajectories and the step at which all their windows begin (``Offline.windows``)."""
        settings, rows = self.job.settings, self.data.rows("train")
        order = torch.randperm(len(rows), generator=self.generator)[: settings.offline.batch_trajectories]
        last = settings.trajectories.steps - self.unroll
        drawn = int(torch.randint(last + 1, (), generator=self.generator))
        return rows[order.to(rows.device)], drawn if settings.offline.windows == "random" else 0

    @torch.no_grad()
    def rate(self) -> float:
        """Geometric mean of the policy's rates at the first states of the held-out trajectories."""
        return float(self.policy(self.held_out[0][:, :, 0]).log().mean().exp())

    @torch.no_grad()
    def evaluated(self, iteration: int, states: Tensor, rates: Tensor) -> dict[str, float]:
        """Values (ii) and (iii) on the batch, and the held-out loss; NaN between evaluations."""
        if iteration % self.job.settings.offline.evaluate_every:
            return dict.fromkeys(("value_counterfactual", "value_mean", "held_out_loss"), np.nan)
        states_there, rates_there = self.held_out
        held_out = Pass.over(self.surrogate, states_there, seen(self.job.settings.svg, rates_there))
        counterfactual, mean = self.values(states, rates)
        return {
            "value_counterfactual": counterfactual,
            "value_mean": mean,
            "held_out_loss": float(held_out.loss(held_out.error())) / self.task.parameters,
        }

    def values(self, states: Tensor, rates: Tensor) -> tuple[float, float]:
        """Mean validation accuracy of ŝ_T chained under π, with ξ inferred at the recorded action and without."""
        if self.job.settings.svg.actions == "every_step":
            return self.plain_value("recorded_action", states, rates), self.plain_value("none", states, rates)
        recorded, inner = Pass.over(self.surrogate, states, rates), inner_of(self.surrogate, rates.numel())
        action = self.policy(states[:, :, 0])
        anchors = recorded_anchors(recorded), free_anchors(recorded)
        one, other = (chained(self.surrogate, anchor, action, inner) for anchor in anchors)
        return self.mean_accuracy(one), self.mean_accuracy(other)

    def plain_value(self, noise: Noise, states: Tensor, rates: Tensor) -> float:
        """One of :meth:`values` where the policy acts at every step of the unroll."""
        svg = self.job.settings.svg
        reading = Reading("chained", noise, svg.actions, svg.sigma)
        return self.mean_accuracy(unrolled(self.surrogate.detached(), self.policy, states, rates, reading)[0][-1])

    def mean_accuracy(self, states: Tensor) -> float:
        """Mean accuracy of states ``[1, batch, P]`` on the curve images."""
        return float(self.task.accuracy(states.flatten(0, 1), "curve").mean())

    def recorded_accuracy(self, rows: Tensor, step: int) -> float:
        """Value (i): mean accuracy of the recorded states of trajectories ``rows`` at ``step``, each measured once."""
        missing = [row for row in rows.tolist() if (row, step) not in self.scores]
        if missing:
            measured = self.task.accuracy(self.data.states[missing, step], "curve").tolist()
            self.scores.update({(row, step): score for row, score in zip(missing, measured, strict=True)})
        return float(np.mean([self.scores[row, step] for row in rows.tolist()]))

    def state(self) -> State:
        """See :class:`hypersvg.maths.resume.Resumable`."""
        return {
            "iterations": self.iterations,
            "surrogate": self.surrogate.weights,
            "policy": self.policy.weights,
            "update": self.update.state(),
            "generator": self.generator.get_state(),
            "scores": [[row, step, score] for (row, step), score in self.scores.items()],
        }

    def load(self, state: State) -> None:
        """See :class:`hypersvg.maths.resume.Resumable`; minibatches are a function of the seed, and drawn again."""
        for _ in range(self.iterations, state["iterations"]):
            self.batches.next()
        self.iterations = state["iterations"]
        fill(self.surrogate.weights, state["surrogate"])
        fill(self.policy.weights, state["policy"])
        self.update.load(state["update"])
        self.generator.set_state(state["generator"].clone())
        self.scores = {(row, step): score for row, step, score in state["scores"]}
