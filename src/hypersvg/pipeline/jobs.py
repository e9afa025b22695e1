"""Run one job of a stage: one method variant over a block of seeds."""

import importlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypersvg.experiments.spec import StageSpec
from hypersvg.experiments.stages import STAGES, block_settings
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.provenance import code_state, provenance, write_json
from hypersvg.pipeline.settings_file import read_settings
from hypersvg.pipeline.sources import own_sources
from hypersvg.settings import Settings
from hypersvg.sidecars import JOB_SIDECAR, Sidecar, beside, read_sidecar, require_recorded

if TYPE_CHECKING:
    from hypersvg.pipeline.checkpoints import FileCheckpoint

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
PARTIAL = ".partial"


@dataclass(frozen=True)
class Request:
    """What the command line asks for; ``seeds`` as ``first-last``."""

    stage: str
    arm: str
    seeds: str
    settings: Path
    output: Path
    images: Path | None = None
    trajectories: Path | None = None


def run_job(request: Request) -> None:
    """Run the job and put its tables, arrays and ``provenance.json`` into ``request.output``, all at its end.

    It goes on from its checkpoint, which is kept outside ``request.output`` until then.

    Raises a sentence for an unknown stage, arm or seed block, and whatever the stage raises.
    """
    clock = Clock()
    settings = read_settings(request.settings)
    spec = known_stage(request.stage, request.arm, settings)
    seeds = parse_seeds(request.seeds)
    set_threads(settings.run.threads, settings.run.device)
    own = own_sources(spec.name, request.arm, settings)
    inputs, code = input_hashes(request), code_state((__name__, spec.module), own)
    with at_work(request.output), fresh_folder(request.output) as folder:
        checkpoint = checkpoint_of(request, settings, inputs, code["code"])
        outputs = compute(request, spec, settings, seeds, folder, checkpoint, clock)
        job = {"stage": spec.name, "arm": request.arm, "seeds": request.seeds}
        sidecar = provenance(block_settings(spec.name, settings), inputs, outputs, clock, job=job, **code)
        write_json(folder / JOB_SIDECAR, sidecar)
        for path in (*outputs, folder / JOB_SIDECAR):
            path.replace(request.output / path.name)
        checkpoint.remove()


def checkpoint_of(
    request: Request, settings: Settings, inputs: Mapping[str, str], code: Mapping[str, str]
) -> "FileCheckpoint":
    """The job's checkpoint, ``checkpoints/<stage>/<arm>/seeds-<seeds>.safetensors`` beside the run's settings."""
    from hypersvg.pipeline.checkpoints import FileCheckpoint, identity_of

    path = Path("checkpoints", request.stage, request.arm, f"seeds-{request.seeds}.safetensors")

    def identity() -> dict[str, object]:
        return identity_of(code, block_settings(request.stage, settings), inputs, str(path))

    return FileCheckpoint(request.settings.parent / path, settings.run.checkpoint_minutes, identity)


def compute(
    request: Request,
    spec: StageSpec,
    settings: Settings,
    seeds: tuple[int, ...],
    folder: Path,
    checkpoint: "FileCheckpoint",
    clock: Clock,
) -> list[Path]:
    """Call the stage, on the clock, and write its tables into ``folder``; the paths of its tables and arrays."""
    from hypersvg.experiments.job import Job
    from hypersvg.schema import TABLES
    from hypersvg.tables import write_table

    job = Job(settings, request.arm, seeds, folder, request.images, request.trajectories, checkpoint)
    stage = importlib.import_module(spec.module)
    clock.computing()
    tables = stage.run(job)
    clock.writing()
    declared = spec.tables(request.arm)
    if set(tables) != set(declared):
        raise HypersvgError(f"stage {spec.name}, arm {request.arm} made tables {sorted(tables)}, not {declared}")
    for name in declared:
        write_table(tables[name], TABLES[name], folder / f"{name}.parquet")
    outputs = [folder / f"{name}.parquet" for name in declared] + [folder / name for name in spec.arrays]
    for path in outputs:
        if not path.is_file():
            raise HypersvgError(f"stage {spec.name}, arm {request.arm} did not write {path.name}")
    return outputs


def input_hashes(request: Request) -> dict[str, str]:
    """SHA-256 of the files a job reads, by path; raises a sentence for one that is not as its own job recorded it."""
    files: dict[Path, Sidecar] = {}
    if request.images:
        files[request.images] = read_sidecar(beside(request.images))
    if request.trajectories:
        sidecar = read_sidecar(request.trajectories / JOB_SIDECAR)
        files |= {request.trajectories / name: sidecar for name in sorted(sidecar.outputs)}
    return {str(path): require_recorded(path, sidecar) for path, sidecar in files.items()}


def known_stage(stage: str, arm: str, settings: Settings) -> StageSpec:
    """The stage; raises a sentence naming the known stages or arms."""
    if stage not in STAGES:
        raise HypersvgError(f"unknown stage '{stage}'; known: {', '.join(STAGES)}")
    arms = STAGES[stage].arms(settings)
    if arm not in arms:
        raise HypersvgError(f"unknown arm '{arm}' of stage {stage}; known: {', '.join(arms)}")
    return STAGES[stage]


def parse_seeds(text: str) -> tuple[int, ...]:
    """``0-5`` as ``(0, …, 5)``."""
    first, dash, last = text.partition("-")
    if not (first.isdigit() and last.isdigit() and dash) or int(first) > int(last):
        raise HypersvgError(f"--seeds {text} is no block of seeds; write first-last, for example 0-5")
    return tuple(range(int(first), int(last) + 1))


def set_threads(threads: int, device: str) -> None:
    """Fix the number of threads: results depend on it, and Snakemake sets it from ``--cores``."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    if device != "cpu":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch

    torch.set_num_threads(threads)


@contextmanager
def fresh_folder(output: Path) -> Iterator[Path]:
    """An empty folder inside ``output`` that is removed at the end; what a killed job left there goes at the start."""
    folder = output / PARTIAL
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
