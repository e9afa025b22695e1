"""Reading a run: its tables, its settings and what its data were."""

import copy
import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from hypersvg.reading.origins import Origins
from hypersvg.schema import TABLES
from hypersvg.schema.finite import require_finite
from hypersvg.settings import Settings, SettingsError
from hypersvg.settings.overlay import validated
from hypersvg.sidecars import IMAGES
from hypersvg.tables import Table, TableError, read_table, require_rows

Levels = dict[str, Sequence[Any]]
"""Values that columns take."""

OUTER = ("influence", "schedule", "stability", "heuristic", "ridge", "copying", "learned", "smoothing", "many")
"""Stages of the group ``estimators`` that optimize outer parameters."""
LARGE = ("copying", "learned", "smoothing")
"""Those of them whose outer parameters are too many to be recorded."""
FILES: Mapping[str, Table] = {
    "toy_rollouts": TABLES["toy_rollouts"],
    "toy_errors": TABLES["toy_errors"],
    "trajectories": TABLES["trajectories"],
    "ppo_updates": TABLES["ppo_updates"],
    "ppo_runs": TABLES["runs"],
    "offline_curves": TABLES["offline_curves"],
    "offline_runs": TABLES["runs"],
    "surrogate_errors": TABLES["surrogate_errors"],
    "surrogate_gradients": TABLES["surrogate_gradients"],
    "landscapes": TABLES["landscapes"],
    "online_curves": TABLES["curves"],
    "online_runs": TABLES["runs"],
    "steering_gradients": TABLES["steering_gradients"],
    "baselines_curves": TABLES["curves"],
    "baselines_runs": TABLES["runs"],
    "bo_evaluations": TABLES["bo_evaluations"],
    "runtimes": TABLES["runtimes"],
    "shortlist": TABLES["shortlist"],
    "beyond_curves": TABLES["curves"],
    "beyond_runs": TABLES["runs"],
    **{f"{stage}_curves": TABLES["outer_curves"] for stage in OUTER},
    **{f"{stage}_parameters": TABLES["outer_parameters"] for stage in OUTER if stage not in LARGE},
    "learned_rates": TABLES["outer_rates"],
    "schedule_surfaces": TABLES["outer_surfaces"],
    "stability_gradients": TABLES["outer_gradients"],
    "stability_variances": TABLES["outer_variances"],
}
"""Every table file of a run, ``tables/<name>.parquet``, and its schema."""


class Results:
    """The folder ``results/<run>`` of a finished run, read only.

    Every method raises :class:`~hypersvg.tables.TableError` with one sentence for what is missing or damaged.
    """

    def __init__(self, folder: Path | str, shared: Path | None = None) -> None:
        """``shared`` is the folder of the run whose tables stand in for those that this run does not have itself."""
        self.folder, self.shared = Path(folder), shared
        if not self.folder.is_dir():
            raise TableError(f"{self.folder} is not a folder of results; run 'make replicate' first")
        self.settings = self._settings()
        manifest = read_json((shared or self.folder) / "tables" / "manifest.json")
        self.stand_in = bool(manifest.get("stand_in"))
        self.stamp = str(manifest.get("stamp", "")) if self.stand_in else ""
        self.source, self.images = ("digits", "UCI digits") if self.stand_in else ("mnist", "MNIST")
        self.task = self.settings.extensions.task_name
        if self.stand_in and not self.stamp:
            raise TableError(
                f"{self.folder / 'tables' / 'manifest.json'} says stand_in but has no stamp; run 'data' again"
            )
        if self.task:
            self.stamp = f"own task: {self.task}, not comparable with the thesis"
        self._read: dict[str, pd.DataFrame] = {}
        checksums = manifest.get("checksums")
        images = checksums.get(IMAGES) if isinstance(checksums, dict) and shared is None else None
        self.origins = Origins(self.folder / "settings.json", self.settings.model_dump(mode="json"), images)

    def _settings(self) -> Settings:
        path = self.folder / "settings.json"
        try:
            return validated(read_json(path))
        except SettingsError as error:
            raise TableError(f"{path} is of another version ({error}); run again") from None

    @property
    def name(self) -> str:
        """Name of the run: ``<scale>`` or ``<scale>+<variant>``."""
        return self.folder.resolve().name

    @property
    def data(self) -> str:
        """What goes in the ``data`` column of an exhibit: ``mnist``, or a stand-in's or own task's stamp."""
        return self.stamp or self.source

    @property
    def seeds(self) -> list[int]:
        """The run's seeds."""
        return list(range(self.settings.run.seeds))

    @property
    def obstacle(self) -> str:
        """Why no number of the thesis can be tested on this run; empty where it can."""
        if self.task:
            return f"the inner problem is another task, {self.task}, on which no number of the thesis can be tested"
        return "the images are stand-in data, on which no number of the thesis can be tested" if self.stand_in else ""

    @property
    def footer(self) -> str:
        """Run, seeds, width and images in one line, printed small on every figure."""
        limit = self.settings.data.limit
        images = f"{limit:,} images of {self.images}" if limit else self.images
        counted = f"own task {self.task}" if self.task else images
        seeds = plural(len(self.seeds), "seed")
        return f"run {self.name} · {seeds} · surrogate width {self.settings.svg.width} · {counted}"

    def on_fashion(self) -> "Results":
        """The run as the exhibits show it that are of FashionMNIST; itself where its own images stood in."""
        path = (self.shared or self.folder) / "tables" / "fashion.json"
        if not path.is_file() or read_json(path).get("stand_in", True):
            return self
        view = copy.copy(self)
        view.stand_in, view.stamp, view.source, view.images = False, "", "fashion_mnist", "FashionMNIST"
        return view

    def table(self, name: str) -> pd.DataFrame:
        """``tables/<name>.parquet``, checked against its schema, its sidecar and the tables read before."""
        if name not in self._read:
            path = self.path(name)
            if not path.exists():
                raise TableError(f"{path} is missing; run the stage '{name.split('_')[0]}' of this run first")
            self.origins.admit(path)
            frame = read_table(path, FILES[name])
            require_finite(frame, FILES[name], str(path))
            self._read[name] = frame
        return self._read[name].copy()

    @property
    def files(self) -> list[Path]:
        """The table files that have been read so far, in the order of their names."""
        return [self.path(name) for name in sorted(self._read)]

    def path(self, name: str) -> Path:
        """Where the table file ``name`` lies."""
        own = self.folder / "tables" / f"{name}.parquet"
        return own if self.shared is None or own.is_file() else self.shared / "tables" / own.name

    def complete(self, name: str, levels: Levels) -> pd.DataFrame:
        """The rows of table ``name`` whose columns take the values of ``levels``; every combination must be there."""
        frame = self.table(name)
        for column, values in levels.items():
            frame = frame[frame[column].isin(list(values))]
        expected = pd.DataFrame(list(itertools.product(*levels.values())), columns=list(levels))
        require_rows(frame, expected, list(levels), str(self.path(name)))
        return frame.reset_index(drop=True)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object; raises :class:`TableError` naming the file when there is none."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TableError(f"{path} is missing; this is not the folder of a finished run") from None
    except (OSError, ValueError, RecursionError) as error:
        raise TableError(f"{path} cannot be read ({error}); delete it and run again") from None
    if not isinstance(tree, dict):
        raise TableError(f"{path} must hold a JSON object, not a {type(tree).__name__}")
    return tree


def plural(count: int, noun: str) -> str:
    """``1 seed``, ``6 seeds``."""
    return f"{count} {noun}" if count == 1 else f"{count:,} {noun}s"
