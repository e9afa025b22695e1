"""``make identify``: find the inner protocol; replace ``results/reference/identification`` and the short list."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from hypersvg.exhibits.exhibit import DIGITS
from hypersvg.exhibits.protocol import identification_figure
from hypersvg.exhibits.style import house_style
from hypersvg.experiments.identification import shortlist_file
from hypersvg.experiments.identification.content import content
from hypersvg.experiments.identification.outcome import Outcome, outcome
from hypersvg.experiments.identification.report import report
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.sidecars import beside, read_sidecar, require_recorded

FOLDER = Path("results", "reference", "identification")
DRAWN = ("best", "runner_up", "literal_sgd")


def identify(root: Path, images: Path, processes: int) -> Path:
    """Identify and write; the folder written. An interrupted run leaves the old reference as it was.

    Raises a sentence for images that are missing, stand-in or not as their job recorded them, and for less than one
    process.
    """
    if processes < 1:
        raise HypersvgError(f"--processes {processes}: at least one process has to work")
    if not images.is_file():
        raise HypersvgError(f"there is no {images}; `make data` makes it")
    require_recorded(images, read_sidecar(beside(images)))
    found = outcome(images, processes)
    target = root / FOLDER
    partial = target.with_name(f".{target.name}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write(found, partial)
        replace(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    put(root / shortlist_file.PATH, shortlist_file.as_yaml(found.shortlist))
    return target


def write(found: Outcome, folder: Path) -> None:
    """The tables, the summary, the report and the figure."""
    tables = {
        "candidates": found.candidates,
        "final": found.final,
        "bandits": found.bandits,
        "twenty_steps": found.twenty_steps,
    }
    for name, frame in tables.items():
        write_csv(frame, folder / f"{name}.csv")
    summary = content(found)
    put(folder / "identification.json", json.dumps(summary, indent=1, ensure_ascii=False) + "\n")
    put(folder / "identification.md", report(summary))
    names = list(dict.fromkeys(summary[name]["candidate"] for name in DRAWN if name in summary))
    save(identification_figure(found.final, found.bandits, names), folder)


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """CSV with six significant digits."""
    frame.to_csv(path, index=False, float_format=DIGITS, lineterminator="\n")


def put(path: Path, text: str) -> None:
    """Write a file in one step."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8", newline="\n")
    partial.replace(path)


def save(figure: Figure, folder: Path) -> None:
    """``identification.png`` and ``.svg``."""
    with house_style():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        figure.savefig(folder / "identification.svg", metadata={"Date": None, "Creator": None})
        figure.savefig(folder / "identification.png", metadata={"Software": None})


def replace(new: Path, target: Path) -> None:
    """Put the finished folder in the place of the old one."""
    old = target.with_name(f".{target.name}.old-{os.getpid()}")
    if target.exists():
        target.replace(old)
    new.replace(target)
    shutil.rmtree(old, ignore_errors=True)
