"""Gather the tables of a stage's jobs into one, and refuse when a row is missing."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pandas as pd

from hypersvg.experiments.stages import STAGES, TABLE_FILES, block_settings
from hypersvg.pipeline.agreement import agreed
from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.provenance import hashes, provenance, write_json
from hypersvg.pipeline.settings_file import read_settings
from hypersvg.schema import TABLES
from hypersvg.schema.finite import require_finite
from hypersvg.settings import Settings
from hypersvg.tables import Table, concatenate, require_rows, write_table


def gather(stage: str, table: str, settings_file: Path, output: Path, files: Sequence[Path]) -> None:
    """Write the rows of ``files`` to ``output`` and a sidecar beside it.

    Raises :class:`~hypersvg.tables.TableError` naming the first row that a method or a seed lacks, a file that is not
    as its job wrote it, and jobs of different code, settings, package versions or images.
    """
    clock = Clock()
    if (stage, table) not in TABLE_FILES:
        raise HypersvgError(f"stage '{stage}' has no table '{table}'")
    settings = read_settings(settings_file)
    with at_work(output):
        clock.computing()
        shared = agreed(stage, settings_file, settings, files)
        frame = concatenate(files, TABLES[table])
        check_complete(frame, stage, TABLES[table], settings)
        require_finite(frame, TABLES[table], f"{stage}: table '{table}'")
        clock.writing()
        write_table(frame, TABLES[table], output)
        sidecar = provenance(block_settings(stage, settings), hashes(files), [output], clock, **shared)
        write_json(output.with_suffix(".provenance.json"), sidecar)


def check_complete(frame: pd.DataFrame, stage: str, table: Table, settings: Settings) -> None:
    """Every expected method is there, and every seed of it has the rows that any seed of it has."""
    where = f"{stage}: table '{table.name}'"
    if "seed" not in frame.columns:
        return
    seeds = range(settings.run.seeds)
    groups = STAGES[stage].groups(settings, table.name)
    if groups is not None:
        column, values = groups
        expected = pd.DataFrame(product(values, seeds), columns=[column, "seed"])
        require_rows(frame, expected, [column, "seed"], where)
        refuse_strangers(frame, column, values, where)
    refuse_strangers(frame, "seed", list(seeds), where)
    others = [key for key in table.keys if key != "seed"]
    rows = frame[others].drop_duplicates()
    require_rows(frame, rows.merge(pd.DataFrame({"seed": list(seeds)}), how="cross"), [*others, "seed"], where)
    check_starts(frame, stage, table, settings, where)


def check_starts(frame: pd.DataFrame, stage: str, table: Table, settings: Settings, where: str) -> None:
    """Every start of both grids and every draw is there, for the methods that have them."""
    if "run" not in table.keys or stage not in ("online", "baselines"):
        return
    starts = {"bad": settings.online.bad_grid[2], "good": settings.online.good_grid[2]}
    methods = ["grid"] if stage == "baselines" else sorted(frame["method"].unique())
    rows = [(method, grid, run) for method in methods for grid, count in starts.items() for run in range(count)]
    if stage == "baselines":
        rows += [("random", "none", run) for run in range(settings.baselines.random_draws)]
    keys = ["method", "grid", "run"]
    require_rows(frame, pd.DataFrame(rows, columns=keys), keys, where)


def refuse_strangers(frame: pd.DataFrame, column: str, values: Sequence[object], where: str) -> None:
    """Raise a sentence for a value of ``column`` that these settings do not have."""
    strangers = sorted(set(frame[column]) - set(values))
    if strangers:
        raise HypersvgError(f"{where} holds {column} = {strangers[0]}, which these settings do not have")
