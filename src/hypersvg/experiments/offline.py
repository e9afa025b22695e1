"""Offline SVG (Algorithms 5 and 6, sections 3.3 and 4.3.1): surrogate and policy from recorded trajectories."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.common import evaluate_rates, inner_task, reevaluate
from hypersvg.experiments.job import Job, Tables
from hypersvg.experiments.probes import Probe, probe_seeds
from hypersvg.experiments.trajectories import open_states
from hypersvg.maths.hidden_unroll import hidden_unrolled, pays
from hypersvg.maths.random import seed_of, torch_generator
from hypersvg.maths.surrogate import Policy, Surrogate, adam
from hypersvg.maths.svg import Noise, Reading, one_step, squared_error, unrolled
from hypersvg.progress import Tick, bar
from hypersvg.schema.offline import TRAJECTORIES
from hypersvg.tables import read_table
from hypersvg.tasks.base import Batch
from hypersvg.tasks.classification import Classification

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
    states, parts = open_states(job.trajectories), []
    with bar(job.settings.offline.iterations * len(job.seeds), f"offline {job.arm}", "iteration") as tick:
        for row, seed in enumerate(job.seeds):
            data = Recorded(states[row], table[table["seed"] == seed].reset_index(drop=True))
            parts.append(learned(Learner(job, task, data, seed, unroll), tick))
    return {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}


def learned(learner: "Learner", tick: Tick) -> Tables:
    """All tables of one seed: the training's curves, the rates it chose, and the probes of its surrogate."""
    job, seed, unroll = learner.job, learner.seed, learner.unroll
    frame = pd.DataFrame([learner.iterate(step, tick) for step in range(job.settings.offline.iterations)])
    labels = {"seed": seed, "unroll": unroll}
    curves = with_truth(job, learner.task, frame, seed).assign(**labels, top20=learner.data.top20)
    probes = {name: table.assign(**labels) for name, table in learner.probe().tables().items()}
    return {"offline_curves": curves, "runs": finished(job, learner.task, curves, job.arm), **probes}


@dataclass(frozen=True)
class Recorded:
    """One seed's trajectories: memory-mapped ``states [count, steps + 1, P]`` and their table, in the same order."""

    states: np.ndarray
    table: pd.DataFrame

    @property
    def top20(self) -> float:
        """Mean accuracy of the best 20 % of trajectories."""
        return float(self.table["top20"].iloc[0])

    def rows(self, split: str) -> np.ndarray:
        """Indices of a split's trajectories; the split is by trajectory, never by transition."""
        return np.flatnonzero(self.table["split"] == split)

    def window(self, rows: np.ndarray, first: int, length: int, device: str) -> tuple[Tensor, Tensor]:
        """States ``[1, batch, length + 1, P]`` and rates ``[1, batch, length]`` of a window of some trajectories."""
        part = np.stack([self.states[row, first : first + length + 1] for row in rows])
        rates = torch.tensor(self.table["rate"].to_numpy()[rows], dtype=torch.float32)
        return torch.from_numpy(part).unsqueeze(0).to(device), rates.view(1, -1, 1).repeat(1, 1, length).to(device)


@dataclass
class Learner:
    """Algorithm 6 for one seed and one unroll length."""

    job: Job
    task: Classification
    data: Recorded
    seed: int
    unroll: int
    surrogate: Surrogate = field(init=False)
    policy: Policy = field(init=False)

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
        self.surrogate_optimizer = adam(self.surrogate.weights, svg.surrogate_learning_rate, svg.adam_epsilon)
        self.policy_optimizer = adam(self.policy.weights, svg.policy_learning_rate, svg.adam_epsilon)
        self.generator = torch_generator(self.seed, "offline batches", self.unroll)
        self.batches = task.batches([self.seed], "offline value")
        self.reading = Reading(svg.unroll, svg.noise, svg.actions, svg.sigma)

    def iterate(self, step: int, tick: Tick) -> dict[str, float]:
        """One iteration of Algorithm 6; the row of ``offline_curves`` describes the state after the update."""
        states, rates = self.sample()
        batch = self.batches.next()
        if self.job.settings.svg.update_first == "surrogate":
            loss = self.update_surrogate(one_step(self.surrogate, states, self.seen(rates)), states)
            self.update_policy(states, rates, None, batch)
        else:
            predictions = one_step(self.surrogate, states, self.seen(rates))
            self.update_policy(states, rates, predictions.detach() if self.sees_actions else None, batch)
            loss = self.update_surrogate(predictions, states)
        size = self.task.parameters
        row = {
            "iteration": step + 1,
            "model_loss": loss / size,
            "persistence_loss": float(squared_error(states[:, :, :-1], states)) / size,
            "value_inferred": self.mean_accuracy(states[:, :, -1]),
            **self.evaluated(step + 1, states, rates),
        }
        tick()
        return row

    def probe(self) -> Probe:
        """The surrogate as it is now, on held-out trajectories from their first step."""
        rows = self.data.rows("held_out")[: self.job.settings.offline.probed]
        states, rates = self.data.window(rows, 0, self.unroll, self.task.device)
        seeds = probe_seeds(self.seed, rows.tolist())
        return Probe(self.job, self.task, self.surrogate.detached(), states, rates, seeds, self.seed)

    @property
    def sees_actions(self) -> bool:
        """Whether the model loss shows the surrogate the recorded actions (``Svg.model_action``)."""
        return self.job.settings.svg.model_action == "recorded"

    def seen(self, rates: Tensor) -> Tensor:
        """The rates as the model loss shows them to the surrogate."""
        return rates if self.sees_actions else torch.zeros_like(rates)

    def sample(self) -> tuple[Tensor, Tensor]:
        """A batch of training trajectories, all windows starting at one drawn step (``Offline.windows``)."""
        settings, rows = self.job.settings, self.data.rows("train")
        order = torch.randperm(len(rows), generator=self.generator)[: settings.offline.batch_trajectories]
        last = settings.trajectories.steps - self.unroll
        drawn = int(torch.randint(last + 1, (), generator=self.generator))
        first = drawn if settings.offline.windows == "random" else 0
        return self.data.window(rows[order.numpy()], first, self.unroll, self.task.device)

    def update_policy(self, states: Tensor, rates: Tensor, predictions: Tensor | None, batch: Batch) -> None:
        """∇_φ of the task loss at ŝ_T, backpropagated through the unrolled surrogate."""
        reached = self.imagined(self.reading, states, rates, predictions)
        loss = torch.stack([self.task.loss(state.flatten(0, 1), batch).mean() for state in reached]).mean()
        if weight := self.job.settings.svg.behaviour_cloning:
            acted = self.policy(states[:, :, :-1].flatten(1, 2)).view_as(rates)
            loss = loss + weight * 0.5 * (rates - acted).square().mean()
        self.policy_optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.policy_optimizer.step()

    def update_surrogate(self, predictions: Tensor, states: Tensor) -> float:
        """∇_θ of eq. 4.1.1; returns the loss."""
        loss = squared_error(predictions, states).sum()
        self.surrogate_optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.surrogate_optimizer.step()
        return float(loss.detach())

    @torch.no_grad()
    def evaluated(self, iteration: int, states: Tensor, rates: Tensor) -> dict[str, float]:
        """Values (ii) and (iii), the held-out loss and the policy's rate; NaN between evaluations, but for the rate."""
        rows = self.data.rows("held_out")
        initial = self.data.window(rows, 0, self.unroll, self.task.device)
        rate = float(self.policy(initial[0][:, :, 0]).log().mean().exp())
        if iteration % self.job.settings.offline.evaluate_every:
            return {"rate": rate, "value_counterfactual": np.nan, "value_mean": np.nan, "held_out_loss": np.nan}
        error = squared_error(one_step(self.surrogate, initial[0], self.seen(initial[1])), initial[0])
        return {
            "rate": rate,
            "value_counterfactual": self.value("recorded_action", states, rates),
            "value_mean": self.value("none", states, rates),
            "held_out_loss": float(error) / self.task.parameters,
        }

    def imagined(self, reading: Reading, states: Tensor, rates: Tensor, predictions: Tensor | None) -> list[Tensor]:
        """The states ``[1, batch, P]`` that the value is made of, by the cheaper of the two unrolls: ŝ_T, or all."""
        last = self.job.settings.svg.value == "last"
        if not (last and pays(self.surrogate, rates, reading)):
            constant = self.surrogate.detached()
            reached = unrolled(constant, self.policy, states, rates, reading, predictions, self.generator)[0]
            return reached[-1:] if last else reached
        if reading.noise == "none":
            predictions = None
        elif predictions is None:
            with torch.no_grad():
                predictions = one_step(self.surrogate, states, rates)
        return [hidden_unrolled(self.surrogate, self.policy, states, rates, predictions)[0]]

    def value(self, noise: Noise, states: Tensor, rates: Tensor) -> float:
        """Mean validation accuracy of ŝ_T chained under π with the given ξ."""
        reading = Reading("chained", noise, self.reading.actions, self.reading.sigma)
        return self.mean_accuracy(self.imagined(reading, states, rates, None)[-1])

    def mean_accuracy(self, states: Tensor) -> float:
        """Mean accuracy of states ``[1, batch, P]`` on the curve images."""
        return float(self.task.accuracy(states.flatten(0, 1), "curve").mean())


def with_truth(job: Job, task: Classification, frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Add value (iv) at the evaluated iterations: the policy's rate on the true optimizer, 20 steps."""
    evaluated = frame["held_out_loss"].notna().to_numpy()
    values = np.full(len(frame), np.nan)
    seeds = [seed_of(seed, "truth", index) for index in range(TRUTH_SEEDS)]
    rates = frame["rate"][evaluated].tolist()
    values[evaluated] = evaluate_rates(job, task, rates, job.settings.trajectories.steps, seeds, "curve")
    return frame.assign(value_true=values)


def finished(job: Job, task: Classification, frame: pd.DataFrame, arm: str) -> pd.DataFrame:
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
