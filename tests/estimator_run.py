"""A run of the group ``estimators`` at tiny settings: its own stages, gathered, and what else its exhibits read."""

import shutil
from pathlib import Path

import pandas as pd
from synthetic_run import keep_record
from test_stages import TINY, run

from hypersvg.data import prepare
from hypersvg.experiments.stages import STAGES, TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import notebooks_of
from hypersvg.pipeline.gather import check_complete
from hypersvg.pipeline.settings_file import write_settings
from hypersvg.schema import TABLES
from hypersvg.settings.overlay import validated
from hypersvg.tables import write_table

SETTINGS = validated({**TINY, "run": {**TINY["run"], "group": "estimators"}})


def tables_read() -> list[tuple[str, str]]:
    """The (stage, table) behind every table of the group, and behind those of the thesis that its notebooks declare."""
    declared = {table for notebook in notebooks_of("estimators").values() for table in notebook.tables}
    own = stages_of("estimators")
    return [(stage, table) for (stage, table), file in TABLE_FILES.items() if stage in own or file in declared]


def write_tiny_run(folder: Path, work: Path) -> Path:
    """The run's folder with ``settings.json``, manifest and tables; jobs work in folders under ``work``."""
    folder.mkdir(parents=True)
    write_settings(SETTINGS, folder / "settings.json")
    prepare(SETTINGS.data, work / "data")
    (folder / "tables").mkdir()
    shutil.copy(work / "data" / "manifest.json", folder / "tables")
    wanted = tables_read()
    for stage in dict.fromkeys(stage for stage, _ in wanted):
        made = finished(stage, work)
        for table in (table for owner, table in wanted if owner == stage):
            path = folder / "tables" / f"{TABLE_FILES[stage, table]}.parquet"
            check_complete(made[table], stage, TABLES[table], SETTINGS)
            write_table(made[table], TABLES[table], path)
            keep_record(path)
    return folder


def finished(stage: str, work: Path) -> dict[str, pd.DataFrame]:
    """The tables of all arms of a stage, and of the stage before it where there is one, under one another."""
    spec, before, rows = STAGES[stage], None, dict[str, list[pd.DataFrame]]()
    if spec.after:
        before = work / spec.after
        for name, frame in finished(spec.after, work).items():
            write_table(frame, TABLES[name], before / f"{name}.parquet")
    for arm in spec.arms(SETTINGS):
        made = run(stage, arm, work / stage, work / "data" / "images.safetensors", before, SETTINGS)
        for name, frame in made.items():
            rows.setdefault(name, []).append(TABLES[name].checked(frame, f"{stage} {arm}"))
    return {name: pd.concat(parts, ignore_index=True) for name, parts in rows.items()}
