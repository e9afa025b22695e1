"""Stage *toy*: imitate SGD on the toy task of Metz 2021 (Crouther 2023, section 4.1, Fig. 4.1).

For every momentum, each seed draws trajectories of the true optimizer over starts and learning rates, fits one
imitation on four fifths of them and is judged on the rest. Runs on the CPU: the models have about 1,200 weights.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from hypersvg.experiments.job import Job, Tables
from hypersvg.maths.random import torch_generator
from hypersvg.maths.toy import Imitation, fit, inner_loss, true_rollout
from hypersvg.progress import Tick, bar
from hypersvg.settings.blocks import Toy


@dataclass(frozen=True)
class DataSet:
    """True trajectories: ``rates [seeds, trajectories]``, ``paths [seeds, trajectories, steps + 1]``."""

    rates: Tensor
    paths: Tensor

    def parted(self, held_out: int) -> tuple["DataSet", "DataSet"]:
        """The first trajectories for training and the last ``held_out`` for judging: split by trajectory."""
        kept = self.rates.shape[1] - held_out
        return (
            DataSet(self.rates[:, :kept], self.paths[:, :kept]),
            DataSet(self.rates[:, kept:], self.paths[:, kept:]),
        )


def run(job: Job) -> Tables:
    """The tables ``toy_rollouts`` and ``toy_errors`` for the job's seeds."""
    settings, rollouts, errors = job.settings.toy, [], []
    model = Imitation.of(settings.hidden, settings.start_range, settings.log_rate_range)
    for momentum in settings.momenta:
        train, held_out = draw(settings, job.seeds, momentum).parted(settings.trajectories // 5)
        with bar(settings.updates, f"toy: imitation of momentum {momentum:g}", "updates") as tick:
            weights = fitted(model, settings, job.seeds, train, tick)
        rollouts.append(rollout_rows(model, weights, settings, job.seeds, momentum))
        errors.append(error_rows(model, weights, job.seeds, momentum, held_out))
    return {"toy_rollouts": pd.concat(rollouts), "toy_errors": pd.concat(errors)}


def draw(settings: Toy, seeds: tuple[int, ...], momentum: float) -> DataSet:
    """Trajectories with starts uniform in ±start_range and rates uniform in log10; the same draws for all momenta."""
    shape, (low, high) = (2, settings.trajectories), settings.log_rate_range
    uniform = torch.stack([torch.rand(shape, generator=torch_generator(seed, "toy", "trajectories")) for seed in seeds])
    starts = (2 * uniform[:, 0] - 1) * settings.start_range
    rates = 10 ** (low + (high - low) * uniform[:, 1])
    paths = true_rollout(starts.flatten(), rates.flatten(), settings.steps, momentum)
    return DataSet(rates, paths.view(*rates.shape, -1))


def fitted(model: Imitation, settings: Toy, seeds: tuple[int, ...], data: DataSet, tick: Tick) -> Tensor:
    """Trained weights ``[seeds, parameters]``; every seed's are those it would get alone."""
    initial = torch.cat([model.network.init(1, torch_generator(seed, "toy", "imitation")) for seed in seeds])
    return fit(
        model,
        initial,
        data.paths,
        data.rates,
        [torch_generator(seed, "toy", "minibatches") for seed in seeds],
        updates=settings.updates,
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        after_update=tick,
    )


def rollout_rows(
    model: Imitation, weights: Tensor, settings: Toy, seeds: tuple[int, ...], momentum: float
) -> pd.DataFrame:
    """Rollouts from the evaluation starts at the evaluation rate, true and imitated."""
    starts = torch.tensor(settings.evaluation_starts)
    rates = torch.full_like(starts, settings.evaluation_rate)
    true = true_rollout(starts, rates, settings.steps, momentum)
    imitated = model.rollout(weights, starts.expand(len(seeds), -1), rates.expand(len(seeds), -1), settings.steps)
    frames = []
    for source, paths in (("true", true.expand_as(imitated)), ("imitation", imitated)):
        index = pd.MultiIndex.from_product(
            [seeds, settings.evaluation_starts, range(settings.steps + 1)], names=["seed", "start", "step"]
        )
        iterates = paths.flatten()
        values = {"iterate": iterates.double().numpy(), "loss": inner_loss(iterates.double()).numpy()}
        frames.append(pd.DataFrame(values, index=index).reset_index().assign(source=source))
    return pd.concat(frames).assign(momentum=momentum, rate=settings.evaluation_rate)


def error_rows(
    model: Imitation, weights: Tensor, seeds: tuple[int, ...], momentum: float, held_out: DataSet
) -> pd.DataFrame:
    """Root mean squared errors of imitation and persistence on the held-out trajectories."""
    true, steps = held_out.paths, held_out.paths.shape[2] - 1
    before = true[:, :, :-1]
    rates = held_out.rates.unsqueeze(2).expand_as(before)
    with torch.no_grad():
        following = model.mean(weights, before.flatten(1), rates.flatten(1)).view_as(before)
    imitated = model.rollout(weights, true[:, :, 0], held_out.rates, steps)
    still = true[:, :, :1].expand_as(true)
    frames = []
    for name, one_step, rollout in (("imitation", following, imitated), ("persistence", before, still)):
        columns = {
            "seed": list(seeds),
            "one_step_rmse": root_mean_square(one_step - true[:, :, 1:]),
            "rollout_rmse": root_mean_square(rollout[:, :, 1:] - true[:, :, 1:]),
            "final_rmse": root_mean_square(rollout[:, :, -1:] - true[:, :, -1:]),
        }
        frames.append(pd.DataFrame(columns).assign(model=name))
    return pd.concat(frames).assign(momentum=momentum, trajectories=true.shape[1])


def root_mean_square(errors: Tensor) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Root mean square over all but the first dimension, ``[seeds]``."""
    return errors.double().flatten(1).square().mean(dim=1).sqrt().numpy()
