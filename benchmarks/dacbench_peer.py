"""DACBench's SGD benchmark set to the inner problem of HyperOpt-Gym: a JSON file for `make bench DACBENCH=<file>`.

DACBench (Eimer et al. 2021, "DACBench: A Benchmark Library for Dynamic Algorithm Configuration") is no dependency of
the project: it runs in an environment of its own, which needs nothing of the project's.

    python3.11 -m venv /tmp/dacbench && /tmp/dacbench/bin/pip install dacbench torch torchvision
    /tmp/dacbench/bin/python benchmarks/dacbench_peer.py --data "$HYPERSVG_DATA" --threads 2 > dacbench.json
    make bench DACBENCH=dacbench.json

``--data`` holds MNIST in torchvision's layout (``MNIST/raw/*.gz``); it is copied, because torchvision unpacks in place.

Same: 784-32-32-10 with Tanh, batches of 256 of 50,000 training images, episodes of 20 steps, AdamW without decay,
about 1000 validation images a step (a tenth of 10,000 in whole batches: 1024). Different, and part of DACBench: images
are decoded from PIL one by one, every step makes a new loader iterator (a permutation of 50,000), the first step of an
episode updates nothing, the last one evaluates all validation and test images, and there is no way to leave out the
evaluation. The observation is a handful of scalars, ours the 26,506 parameters.
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from dacbench.benchmarks import SGDBenchmark
from dacbench.envs import SGDInstance
from torch import nn

STEPS, HIDDEN, TRAIN_SHARE, ENVIRONMENTS = 20, 32, 50_000 / 60_000, 16


def network() -> nn.Module:
    """784-32-32-10 with Tanh and the log-probabilities that DACBench's loss expects."""
    layers = [nn.Flatten(), nn.Linear(784, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, HIDDEN), nn.Tanh()]
    return nn.Sequential(*layers, nn.Linear(HIDDEN, 10), nn.LogSoftmax(1))


def environment(data: Path, batch: int) -> Any:
    """DACBench's SGD environment with one instance: MNIST, ``network()``, a step a minibatch."""
    instance = SGDInstance(network, "AdamW", {"weight_decay": 0.0}, str(data), "MNIST", batch, 1.0, TRAIN_SHARE, 0)
    benchmark = SGDBenchmark()
    benchmark.config.update({"instance_set": {0: instance}, "epoch_mode": False, "cutoff": STEPS, "seed": 0})
    return benchmark.get_environment()


def episode(env: Any, rate: float) -> tuple[float, float, int]:
    """Seconds of the reset, seconds of the steps, and their number."""
    start = time.perf_counter()
    env.reset()
    begun, steps, ended = time.perf_counter(), 0, False
    while not ended:
        _, _, terminated, truncated, _ = env.step(rate)
        steps, ended = steps + 1, terminated or truncated
    return begun - start, time.perf_counter() - begun, steps


def main() -> None:
    """Measure ``--episodes`` episodes after one that warms up; the median counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds MNIST/raw")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--episodes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(options.data / "MNIST", Path(folder) / "MNIST", copy_function=shutil.copyfile)
        env = environment(Path(folder), options.batch)
        runs = [episode(env, 0.01) for _ in range(1 + options.episodes)][1:]
    seconds = statistics.median(reset + stepped for reset, stepped, _ in runs)
    packages = ("dacbench", "gymnasium", "torch", "torchvision", "numpy")
    result = {
        "peer": "DACBench's SGD benchmark",
        "item": f"environment, {ENVIRONMENTS} × {runs[0][2]} steps, dense, batch {options.batch}",
        "plain_s": ENVIRONMENTS * seconds,
        "work": f"{ENVIRONMENTS} times the median episode of one environment, reset included, of {options.episodes}",
        "threads": options.threads,
        "versions": {name: version(name) for name in packages} | {"python": sys.version.split()[0]},
    }
    print(json.dumps([result]))


if __name__ == "__main__":
    main()
