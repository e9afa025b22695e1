"""learned_optimization's PES on the learning-rate schedule of ``bench_estimators.py``, which runs this script.

learned_optimization (google/learned_optimization) is no dependency of the project: it runs in an environment of its
own, whose Python `make bench` is told.

    python3.11 -m venv /tmp/learned_optimization
    /tmp/learned_optimization/bin/pip install jax==0.4.38 jaxlib==0.4.38 flax==0.10.4 optax==0.2.5 dm-haiku==0.0.17 \
        gin-config==0.5.0 tensorflow-cpu==2.21.0 tensorflow-datasets==4.9.10 tensorboard==2.21.0
    /tmp/learned_optimization/bin/pip install --no-deps learned_optimization==0.0.1
    make bench LEARNED_OPTIMIZATION=/tmp/learned_optimization/bin/python

The one release (0.0.1, 2022) pins a package that can no longer be had (dm-launchpad-nightly), hence ``--no-deps``. It
calls functions of JAX by names that have since moved, which :func:`old_names` gives back; later JAX (0.6.2, 0.10.2)
lacks one more. It runs on the CPU with every core, in float32.

Same: network, batch size, images, orders of the minibatches (a pair's own, shared by its members), momentum, schedule,
σ, K. Different, and part of it: a step pays the loss before its update, and a window the mean of them
(``bench_estimators.first_estimates`` undoes both); what a reset would give is computed at every step and thrown away
(a condition under ``vmap``), which costs next to nothing here, because every pair starts from the same parameters.
Gathering the minibatches is timed, as in ours; compilation, the first window, is told apart.
"""

import argparse
import itertools
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np


def old_names() -> None:
    """Give JAX back the names that learned_optimization 0.0.1 calls; the functions are the same."""
    for name in ("tree_map", "tree_leaves", "tree_flatten", "tree_unflatten", "tree_structure"):
        setattr(jax, name, getattr(jax.tree_util, name))
    jax.tree_multimap, jax.ShapedArray = jax.tree_util.tree_map, jax.core.ShapedArray


old_names()

from jax import numpy as jnp  # noqa: E402
from learned_optimization.learned_optimizers import base as learned  # noqa: E402
from learned_optimization.optimizers import base as optimizers  # noqa: E402
from learned_optimization.outer_trainers import common  # noqa: E402
from learned_optimization.outer_trainers.gradient_learner import OuterState, WorkerWeights  # noqa: E402
from learned_optimization.outer_trainers.truncated_pes import TruncatedPES  # noqa: E402
from learned_optimization.outer_trainers.truncation_schedule import ConstantTruncationSchedule  # noqa: E402
from learned_optimization.tasks import base as tasks  # noqa: E402
from learned_optimization.tasks.datasets.base import Datasets  # noqa: E402

ENDLESS = 10**9
"""Steps of an inner problem: no reset within the benchmark, as in ours."""


class Perceptron(tasks.Task):
    """A perceptron with ELU on minibatches of (images, labels), from given parameters."""

    def __init__(self, start: np.ndarray, sizes: list[int], datasets: Datasets) -> None:
        self.start, self.layers, self.datasets = jnp.asarray(start), list(itertools.pairwise(sizes)), datasets

    def init(self, key: Any) -> Any:
        """Weight ``[inputs, outputs]`` and bias of every layer."""
        parts, cut = {}, 0
        for number, (inputs, outputs) in enumerate(self.layers):
            weight = self.start[cut : cut + inputs * outputs].reshape(inputs, outputs)
            cut += (inputs + 1) * outputs
            parts[f"layer {number}"] = {"weight": weight, "bias": self.start[cut - outputs : cut]}
        return parts

    def loss(self, params: Any, key: Any, data: Any) -> Any:
        """Mean cross-entropy."""
        values, labels = data
        for number in range(len(self.layers)):
            layer = params[f"layer {number}"]
            values = (jax.nn.elu(values) if number else values) @ layer["weight"] + layer["bias"]
        return jnp.mean(tasks.softmax_cross_entropy(logits=values, labels=jax.nn.one_hot(labels, 10)))


class InverseTimeDecay(learned.LearnedOptimizer):
    """Momentum 0.9 at α_t = e^θ0 / (1 + t / horizon)^(e^θ1)."""

    def __init__(self, theta: np.ndarray, horizon: float) -> None:
        self.theta, self.horizon = theta, horizon

    def init(self, rng: Any) -> Any:
        """θ."""
        return jnp.asarray(self.theta)

    def opt_fn(self, theta: Any, is_training: bool = False) -> optimizers.Optimizer:
        """The library's own momentum with this rate."""
        return optimizers.SGDM(lambda step: jnp.exp(theta[0] - jnp.exp(theta[1]) * jnp.log1p(step / self.horizon)), 0.9)


def minibatches(work: Any, pairs: int) -> Iterator[Any]:
    """Minibatch 0 of every pair, minibatch 1 of every pair, …, as PES asks for them."""
    size, count = int(work["batch"]), work["orders"].shape[1]
    for step in itertools.count():
        first = step * size % (count - count % size)
        for order in work["orders"][:pairs]:
            rows = order[first : first + size]
            yield work["images"][rows], work["labels"][rows]


def estimator(work: Any, start: np.ndarray, sizes: list[int], pairs: int) -> TruncatedPES:
    """PES of ``pairs`` pairs; what it draws to learn the shape of its data is put back."""
    data = minibatches(work, pairs)
    family = tasks.single_task_to_family(Perceptron(start, sizes, Datasets(data, data, data, data)))
    schedule, steps = InverseTimeDecay(work["theta"], float(work["horizon"])), int(work["steps"])
    pes = TruncatedPES(
        family,
        schedule,
        ConstantTruncationSchedule(ENDLESS),
        pairs,
        trunc_length=steps,
        std=float(work["sigma"]),
        steps_per_jit=steps,
    )
    family.datasets.train = minibatches(work, pairs)
    return pes


def measured(work: Any, network: str, pairs: int, rounds: int, clock: Callable[[], float]) -> dict[str, Any]:
    """Median seconds of a window; of the first, which compiles: seconds, perturbations and estimate."""
    pes = estimator(work, work[network], [int(size) for size in network.split("-")], pairs)
    key = jax.random.PRNGKey(0)
    weights = WorkerWeights(jnp.asarray(work["theta"]), None, OuterState(jnp.asarray(0)))
    state, seconds, found = pes.init_worker_state(weights, key), [], []
    for number in range(rounds + 1):
        started = clock()
        out, _ = pes.compute_gradient_estimate(weights, jax.random.fold_in(key, number), state)
        state, gradient = jax.block_until_ready((out.unroll_state, out.grad))
        seconds.append(clock() - started)
        found.append(np.asarray(gradient).tolist())
    drawn = common.vector_sample_perturbations(weights.theta, first_key(jax.random.fold_in(key, 0)), pes.std, pairs)[0]
    return {
        "seconds": statistics.median(seconds[1:]),
        "compile_seconds": seconds[0],
        "perturbations": np.asarray(drawn).tolist(),
        "gradient": found[0],
    }


def first_key(key: Any) -> Any:
    """The key that PES draws its perturbations with (haiku's ``PRNGSequence``)."""
    from haiku import PRNGSequence

    return next(PRNGSequence(key))


def main() -> None:
    """Measure what ``--work`` describes; ``--cpu`` counts the processor's seconds, for a machine that is busy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the .npz that bench_estimators.py writes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu", action="store_true")
    options = parser.parse_args()
    with np.load(options.work) as arrays:
        work = dict(arrays)
    clock = time.process_time if options.cpu else time.perf_counter
    pairs = [(str(network), int(count)) for network in work["networks"] for count in work["pairs"]]
    lines = [
        {"network": network, "pairs": count, **measured(work, network, count, options.rounds, clock)}
        for network, count in pairs
    ]
    names = ("learned_optimization", "jax", "jaxlib", "flax", "optax", "dm-haiku", "numpy")
    versions = {name: version(name) for name in names} | {"python": sys.version.split()[0]}
    print(json.dumps({"lines": lines, "versions": versions}))


if __name__ == "__main__":
    main()
