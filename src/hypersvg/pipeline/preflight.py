"""Before a run starts: is the request known, how long will it take, is there room."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import yaml

from hypersvg.experiments.stages import TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import exhibits_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.settings import Settings
from hypersvg.settings.groups import Group

GIB = 2**30
IMAGE_BYTES = 785
MNIST_IMAGES = 70_000
REST_BYTES = 100 * 2**20
"""Tables, exhibits, notebooks and logs together, rounded up."""
MEASURED_CORES = 2


@dataclass(frozen=True)
class Estimate:
    """What a whole run needs: wall time [minutes] on the given cores and disk [bytes]."""

    minutes: float
    bytes: int


def targets(group: Group) -> tuple[str, ...]:
    """Everything of a group that can be asked for by name."""
    more = ("sensitivity", "paper_claims") if group == "thesis" else ()
    return ("all", "data", *stages_of(group), "claims", *more, "exhibits", *exhibits_of(group))


def check_targets(names: Sequence[str], group: Group = "thesis") -> None:
    """Raise a sentence for a stage or exhibit that does not exist, or that the runs of another group have."""
    for name in names:
        if name in targets(group):
            continue
        if name in targets("estimators"):
            raise HypersvgError(f"'{name}' is of the group estimators: add VARIANT=estimators (--config variant=...)")
        if name in targets("thesis"):
            raise HypersvgError(f"'{name}' is not of the group estimators: leave out VARIANT=estimators")
        known = ", ".join(("data", *stages_of(group), "claims", "exhibits"))
        raise HypersvgError(
            f"unknown stage or exhibit '{name}'; stages: {known}; exhibits: {', '.join(exhibits_of(group))}"
        )


def check_extensions(settings: Settings) -> None:
    """Raise a sentence for a controller or a task of the user's own that cannot be imported or lacks a method."""
    extensions = settings.extensions
    if extensions.controllers:
        from hypersvg.controllers.extension import controller_class

        for reference in extensions.controllers.values():
            controller_class(reference)
    if extensions.task:
        from hypersvg.tasks.extension import task_function

        task_function(extensions.task)


def parameters(settings: Settings) -> int:
    """Length of the inner network's flat parameter vector (26,506 for 784-32-32-10)."""
    widths = [784, *settings.inner.hidden, 10]
    return sum((before + 1) * after for before, after in pairwise(widths))


def disk_bytes(settings: Settings) -> int:
    """Bytes of a finished run: its images, the thesis's offline data set in float32, and the rest."""
    trajectories = settings.trajectories
    states = settings.run.seeds * trajectories.count * (trajectories.steps + 1) * parameters(settings) * 4
    images = (settings.data.limit or MNIST_IMAGES) * IMAGE_BYTES
    if settings.run.group != "thesis":
        return 2 * images + REST_BYTES
    return states + images + REST_BYTES


def estimate(settings: Settings, scale: str, estimates: Path, cores: int) -> Estimate:
    """Time from the measured ``config/estimates.yaml``, spread over the cores; disk from the settings."""
    group = settings.run.group
    name = scale if group == "thesis" else f"{scale}+{group}"
    measured = yaml.safe_load(estimates.read_text(encoding="utf-8")).get(name)
    if measured is None:
        raise HypersvgError(f"{estimates} has no measured time for scale '{name}'; add a line for it")
    minutes = measured["fixed"] + measured["per_seed"] * settings.run.seeds
    return Estimate(minutes * max(1.0, MEASURED_CORES / cores), disk_bytes(settings))


def announce(need: Estimate, cores: int, results: Path) -> str:
    """One line with the estimate; raises a sentence when the disk is too small for what is still to be written."""
    parent = next(path for path in (results, *results.parents) if path.exists())
    free, there = shutil.disk_usage(parent).free, folder_bytes(results) - folder_bytes(results / "checkpoints")
    missing = max(0, need.bytes - there)
    if missing > free:
        raise HypersvgError(
            f"{results} still needs {missing / GIB:.1f} GiB and the disk has {free / GIB:.1f} GiB free; "
            "free some space, or lower SEEDS or trajectories.count"
        )
    return (
        f"{results}: a whole run takes about {need.minutes:.0f} min on {cores} cores (finished jobs are kept) and "
        f"{need.bytes / GIB:.1f} GiB of disk; {free / GIB:.1f} GiB are free."
    )


def folder_bytes(folder: Path) -> int:
    """Bytes of all files under ``folder``, 0 when there is none."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0


def summary(results: Path) -> str:
    """Where to look when a run has ended."""
    table_count = len(set(TABLE_FILES.values()))
    lines = [
        f"claims              {results}/claims.md (verdict by verdict; claims.json for machines)",
        f"figures and tables  {results}/exhibits  (SVG, PNG and the CSV behind each; tables as Markdown)",
        f"notebooks           {results}/notebooks (executed, and as HTML)",
        f"tidy tables         {results}/tables    ({table_count} Parquet files, docs/data_dictionary.md explains them)",
    ]
    return "\n".join(lines)
