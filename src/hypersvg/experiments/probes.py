"""A trained surrogate against the true optimizer: its errors, its derivatives, the hypergradients and the landscapes.

The thesis says that the surrogate "learns the dynamics" and that it "smooths out the nonconvex meta-loss landscape"
(sections 3.2.2 and 4.3.1). Here the same initial parameters and the same minibatches go through the true optimizer and
through the surrogate, on trajectories held out of its training. Derivatives with respect to the log learning rate are
central differences in float64, for the truth and the surrogate alike: one code, no second derivatives.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import seed_of, torch_generator
from hypersvg.maths.surrogate import Surrogate
from hypersvg.maths.svg import Noise, Reading, one_step, unrolled
from hypersvg.maths.unroll import Anchors, Pass, chained, free_anchors, inner_of, recorded_anchors
from hypersvg.tasks.base import Batch, Batches, Task, Wrapped
from hypersvg.training import LOSS_CEILING, InnerTraining

STEP = 1e-3
"""Half-width of the central differences in the natural log of the rate."""
KINDS: dict[str, Noise] = {
    "inferred": "policy_action",
    "counterfactual": "recorded_action",
    "mean": "none",
    "sampled": "sampled",
}
"""Values (i), (ii) and (iii) by the ξ behind them, and a drawn ξ; ``true`` is the optimizer itself."""
LANDSCAPE = (-5.0, 0.0)
"""log10 of the smallest and largest rate of a landscape."""

Reach = Callable[[Tensor], Tensor]
"""Parameters ``[trajectories, P]`` after the unroll, for log rates ``[trajectories]``."""


@dataclass(frozen=True)
class Probe:
    """Held-out trajectories of one seed: ``states [1, n, T + 1, P]``, ``rates [1, n, T]``, their own ``seeds``."""

    job: Job
    task: Task
    surrogate: Surrogate
    states: Tensor
    rates: Tensor
    seeds: Sequence[int]
    seed: int

    def tables(self) -> Tables:
        """The tables ``surrogate_errors``, ``surrogate_gradients`` and ``landscapes`` without their seed and unroll."""
        with torch.no_grad():
            return {
                "surrogate_errors": self.errors(),
                "surrogate_gradients": self.gradients(),
                "landscapes": self.landscapes(),
            }

    def errors(self) -> pd.DataFrame:
        """One-step and free-running errors beside persistence, and ∂g/∂a beside the true ∂s'/∂a = (s' − s)/a."""
        size, (_, count, steps) = self.task.parameters, self.rates.shape
        before, after, first = self.states[0, :, :-1], self.states[0, :, 1:], self.states[0, :, :1]
        free = self.free_running()
        surrogate = doubled(self.surrogate)
        states, rates = self.states.double(), self.rates.double()
        moved = one_step(surrogate, states, rates * np.exp(STEP)) - one_step(surrogate, states, rates * np.exp(-STEP))
        learned, true = moved[0] / (2 * STEP), (after - before).double()
        columns = {
            "one_step_error": (one_step(self.surrogate, self.states, self.rates)[0] - after).square().sum(2) / size,
            "one_step_persistence": (before - after).square().sum(2) / size,
            "free_error": (free - after).square().sum(2) / size,
            "free_persistence": (first - after).square().sum(2) / size,
            "derivative_cosine": torch.cosine_similarity(learned, true, dim=2),
            "derivative_ratio": learned.norm(dim=2) / true.norm(dim=2),
        }
        keys = {"trajectory": np.repeat(np.arange(count), steps), "step": np.tile(np.arange(1, steps + 1), count)}
        return pd.DataFrame({**keys, **{name: values.cpu().double().flatten() for name, values in columns.items()}})

    def gradients(self) -> pd.DataFrame:
        """dL/d log a after the unroll, at the recorded rate, for every kind and draw of the minibatch (and of ξ)."""
        log_rates, chains = self.rates[0, :, 0].double().log(), Chains(self, doubled(self.surrogate))
        kinds = {
            "true": self.truth(),
            "counterfactual": chains.reach("recorded_action"),
            "mean": chains.reach("none"),
        }
        learned = {kind: difference(reach, log_rates) for kind, reach in kinds.items()}
        direction, batches = learned["true"].slope, self.task.batches([self.seed], "probe value")
        frames = []
        for draw in range(self.job.settings.offline.probe_draws):
            batch = batches.next().double()
            learned["sampled"] = difference(chains.reach("sampled", draw), log_rates)
            for kind, ends in learned.items():
                slope = self.task.loss(ends.high, batch) - self.task.loss(ends.low, batch)
                cosine = torch.cosine_similarity(ends.slope, direction, dim=1)
                columns = {"gradient": (slope / (2 * STEP)).cpu(), "state_cosine": cosine.cpu()}
                labels = {"trajectory": range(len(log_rates)), "kind": kind, "draw": draw}
                frames.append(pd.DataFrame({**labels, "rate": log_rates.exp().cpu(), **columns}))
        return pd.concat(frames, ignore_index=True)

    def landscapes(self) -> pd.DataFrame:
        """Validation loss after the unroll over a grid of constant rates, from the same initial parameters.

        Losses are cut at the ceiling of diverged runs.
        """
        grid = np.logspace(*LANDSCAPE, self.job.settings.offline.probe_rates)
        count, chains = self.rates.shape[1], Chains(self, self.surrogate)
        values = {"true": self.true_landscape(grid)}
        for kind, noise in KINDS.items():
            reach = chains.reach(noise)
            losses = [self.task.validation_loss(reach(torch.full((count,), np.log(rate)))) for rate in grid]
            values[kind] = torch.stack(losses, dim=1)
        labels = {"trajectory": np.repeat(np.arange(count), len(grid)), "rate": np.tile(grid, count)}
        frames = [
            pd.DataFrame({**labels, "kind": kind, "loss": finite(loss).cpu().double().flatten()})
            for kind, loss in values.items()
        ]
        return pd.concat(frames, ignore_index=True)

    def true_landscape(self, grid: np.ndarray) -> Tensor:
        """Validation loss ``[trajectories, rates]`` of the true optimizer."""
        training = InnerTraining(self.task, self.job.settings.inner.optimizer, self.seeds, len(grid))
        rates = torch.tensor(grid, dtype=torch.float32, device=self.task.device).repeat(len(self.seeds))
        for _ in range(self.rates.shape[2]):
            training.step(rates)
        return self.task.validation_loss(training.parameters).view(len(self.seeds), len(grid))

    def truth(self) -> Reach:
        """The true optimizer from the recorded initial parameters on the recorded minibatches, in float64."""

        twin = InDouble(self.task)

        def reach(log_rates: Tensor) -> Tensor:
            training = InnerTraining(twin, self.job.settings.inner.optimizer, self.seeds)
            for _ in range(self.rates.shape[2]):
                training.step(log_rates.exp())
            return training.parameters

        return reach

    def free_running(self) -> Tensor:
        """ŝ_1 … ŝ_T ``[n, T, P]`` at the recorded rates, ξ = 0."""
        rate, reading = self.rates[:, :, 0], Reading(noise="none")
        reached = unrolled(self.surrogate, lambda _: rate, self.states, self.rates, reading)[0]
        return torch.cat(reached).transpose(0, 1)


class Chains:
    """A surrogate in the true optimizer's place: ŝ_T at constant rates, from the states of a probe."""

    def __init__(self, probe: Probe, surrogate: Surrogate) -> None:
        kind, self.probe, self.surrogate = surrogate.output_weight, probe, surrogate
        self.recorded = Pass.over(surrogate, probe.states.to(kind), probe.rates.to(kind))
        self.inner = inner_of(surrogate, probe.rates.numel() * probe.job.settings.offline.probe_rates)
        self.anchors: dict[tuple[Noise, int], Anchors] = {}

    def reach(self, noise: Noise, draw: int = 0) -> Reach:
        """ŝ_T ``[n, P]`` with ξ as ``noise`` says; the same ``draw`` gives the same ξ."""
        if noise == "policy_action":  # ξ cancels the action: the recorded states, to the bit
            return lambda log_rates: self.recorded.states[0, :, -1]
        if (noise, draw) not in self.anchors:
            self.anchors[noise, draw] = self.anchored(noise, draw)
        anchors = self.anchors[noise, draw]

        def reach(log_rates: Tensor) -> Tensor:
            action = log_rates.exp().to(self.recorded.states).unsqueeze(0)
            return chained(self.surrogate, anchors, action, self.inner)[0]

        return reach

    def anchored(self, noise: Noise, draw: int) -> Anchors:
        """The chain's anchors under ``noise``."""
        if noise == "recorded_action":
            return recorded_anchors(self.recorded)
        return free_anchors(self.recorded, self.drawn(draw) if noise == "sampled" else None)

    def drawn(self, draw: int) -> Tensor:
        """σξ ``[1, n, T, P]``."""
        like, generator = self.recorded.states[:, :, 1:], torch_generator(self.probe.seed, "probe noise", draw)
        drawn = torch.randn(like.shape, generator=generator, dtype=like.dtype)
        return self.probe.job.settings.svg.sigma * drawn.to(like.device)


@dataclass(frozen=True)
class Difference:
    """The two ends of a central difference, ``[n, P]`` each, and its slope."""

    high: Tensor
    low: Tensor

    @property
    def slope(self) -> Tensor:
        """d(parameters)/d log a."""
        return (self.high - self.low) / (2 * STEP)


def difference(reach: Reach, log_rates: Tensor) -> Difference:
    """Where slightly larger and slightly smaller rates lead."""
    return Difference(reach(log_rates + STEP), reach(log_rates - STEP))


def finite(loss: Tensor) -> Tensor:
    """Losses cut at the ceiling of diverged runs, which stands for those that are no number as well."""
    return loss.nan_to_num(LOSS_CEILING).clamp(max=LOSS_CEILING)


def doubled(surrogate: Surrogate) -> Surrogate:
    """The surrogate in float64."""
    return Surrogate(surrogate.form, surrogate.rate_input, *(w.detach().double() for w in surrogate.weights))


@dataclass
class DoubleBatches:
    """Minibatches in float64."""

    batches: Batches

    def next(self) -> Batch:
        """The next minibatch of every stream."""
        return self.batches.next().double()


class InDouble(Wrapped):
    """A task whose parameters and minibatches are float64; everything else is the task's own."""

    def init(self, seeds: Sequence[int], purpose: str) -> Tensor:
        """The task's own initial parameters, as float64."""
        return super().init(seeds, purpose).double()

    def batches(self, seeds: Sequence[int], purpose: str) -> DoubleBatches:
        """The task's own minibatches, as float64."""
        return DoubleBatches(super().batches(seeds, purpose))


def probe_seeds(seed: int, rows: Sequence[int]) -> list[int]:
    """The seeds that the trajectories ``rows`` of ``seed`` were trained with."""
    return [seed_of(seed, "trajectory", int(row)) for row in rows]
