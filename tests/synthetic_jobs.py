"""The jobs behind a synthetic run: its tables cut into the files that jobs would have written, with their sidecars."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from synthetic_probes import probe_tables, steering
from synthetic_run import Synthetic

from hypersvg.experiments.stages import STAGES, TABLE_FILES, block_settings, seed_blocks
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.gather import gather
from hypersvg.pipeline.provenance import hashes, provenance, write_json
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.schema import TABLES
from hypersvg.settings import Settings
from hypersvg.tables import write_table

CODE = {"src/hypersvg/maths/svg.py": "5" * 64, "src/hypersvg/training.py": "7" * 64}
CLEAN = {"revision": "1234567890abcdef", "dirty": False}


def stopped_clock() -> Clock:
    clock = Clock()
    clock.computing()
    clock.writing()
    return clock


def record(folder: Path, settings: Any, inputs: list[Path], outputs: list[Path], **facts: Any) -> None:
    """``provenance.json`` of a job."""
    facts = {"code": CODE, "git": CLEAN, **facts}
    write_json(folder / "provenance.json", provenance(settings, hashes(inputs), outputs, stopped_clock(), **facts))


def edit(sidecar: Path, **changes: Any) -> None:
    """Change facts in a sidecar."""
    content = json.loads(sidecar.read_text(encoding="utf-8"))
    write_json(sidecar, content | changes)


@cache
def made(stage: str, settings: str) -> dict[str, pd.DataFrame]:
    """The tables of a stage by file, made once for equal settings."""
    whole = Settings.model_validate_json(settings)
    run = Synthetic(whole)
    if stage == "online":
        curves, runs = run.online()
        steered = steering(curves, run.steered_methods(), np.random.default_rng(9))
        return {"online_curves": curves, "online_runs": runs, "steering_gradients": steered}
    if stage == "offline":
        return {**run.offline(), **probe_tables(whole, np.random.default_rng(8))}
    return run.toy() if stage == "toy" else {"trajectories": run.trajectories()}


def arms_of(stage: str, frame: pd.DataFrame) -> pd.Series:
    """The arm whose job wrote each row."""
    if stage == "offline":
        numbers = frame["unroll"] if "unroll" in frame else frame["method"].str.extract(r"_T(\d+)_")[0].astype(int)
        return numbers.map("T{:02d}".format)
    if stage == "online":
        return frame["method"].str.extract("(untrained|frozen|adaptive|hypergradient)$")[0].fillna("bandit")
    return pd.Series("all", index=frame.index)


def write_images(run: Path, settings: Settings, content: bytes = b"images") -> Path:
    """The data stage's files, of any content."""
    folder = run / "data"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "images.safetensors").write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps({"source": "mnist", "stand_in": False}), encoding="utf-8")
    blocks = {"data": settings.data.model_dump(mode="json")}
    outputs = [folder / "images.safetensors", folder / "manifest.json"]
    record(folder, blocks, [], outputs)
    return outputs[0]


def write_stage(run: Path, settings: Settings, stage: str) -> None:
    """Every job of a stage, each with its tables, arrays and sidecar."""
    spec, blocks = STAGES[stage], block_settings(stage, settings)
    for name in spec.all_tables(settings):
        frame = made(stage, settings.model_dump_json())[TABLE_FILES[stage, name]]
        arms = arms_of(stage, frame)
        for arm in spec.arms_of(name, settings):
            for first, last in seed_blocks(settings):
                folder = job_folder(run, stage, arm, first, last)
                rows = frame[(arms == arm) & frame["seed"].between(first, last)]
                write_table(rows, TABLES[name], folder / f"{name}.parquet")
    for folder in sorted((run / "jobs" / stage).glob("*/*")):
        for array in spec.arrays:
            (folder / array).write_bytes(folder.name.encode())
        inputs = [run / "data" / "images.safetensors"] if spec.needs_images else []
        if spec.after:
            before = run / "jobs" / spec.after / "all" / folder.name
            inputs += [path for path in sorted(before.iterdir()) if path.suffix != ".json"]
        job = {"stage": stage, "arm": folder.parent.name, "seeds": folder.name.removeprefix("seeds-")}
        record(folder, blocks, inputs, sorted(folder.iterdir()), job=job)


def job_folder(run: Path, stage: str, arm: str, first: int, last: int) -> Path:
    return run / "jobs" / stage / arm / f"seeds-{first:03d}-{last:03d}"


def gather_stage(run: Path, settings: Settings, stage: str, *names: str) -> None:
    """Gather the tables of a stage (all of them without ``names``)."""
    write_settings(settings, run / "settings.json")
    for name in names or STAGES[stage].all_tables(settings):
        files = [
            job_folder(run, stage, arm, *block) / f"{name}.parquet"
            for arm in STAGES[stage].arms_of(name, settings)
            for block in seed_blocks(settings)
        ]
        gather(stage, name, run / "settings.json", run / "tables" / f"{TABLE_FILES[stage, name]}.parquet", files)
