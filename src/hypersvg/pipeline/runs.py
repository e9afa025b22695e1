"""The runs of one request: a variant keeps what it shares with its scale's own run, and computes only the rest."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from hypersvg.experiments.stages import STAGES, block_settings, extension_of, stages_of
from hypersvg.pipeline.settings_file import resolve, write_settings
from hypersvg.settings import Settings, run_name

RESULTS = Path("results")
SIDES = Path("results/reference/sensitivity/claims.csv")
"""Sides of every claim under every alternative of the ledger, as last committed."""


@dataclass(frozen=True)
class Run:
    """One run, ``results/<name>``: a scale, with or without a variant; ``base`` is the scale's own run."""

    name: str
    settings: Settings
    base: "Run | None" = None

    @property
    def folder(self) -> Path:
        """Where its results lie."""
        return RESULTS / self.name

    @cached_property
    def data_owner(self) -> str:
        """Name of the run whose images it uses."""
        base = self.base
        return base.name if base is not None and self.settings.data == base.settings.data else self.name

    def owner(self, stage: str, arm: str = "") -> str:
        """Name of the run whose jobs of ``stage`` it uses: its base where no setting of the stage differs.

        The stages of a group that the base is not of are its own.

        A stage that reads another stage's jobs differs where that one does; a user's own ``arm``, where the base does
        not have it.
        """
        base, spec = self.base, STAGES[stage]
        if base is not None and spec.group == self.settings.run.group != base.settings.run.group:
            return self.name
        if base is not None and extension_of(stage, arm, self.settings) != extension_of(stage, arm, base.settings):
            return self.name
        if base is None or block_settings(stage, self.settings) != block_settings(stage, base.settings):
            return self.name
        return self.owner(spec.after) if spec.after else base.name

    def changed(self) -> tuple[str, ...]:
        """The stages whose jobs are its own."""
        return tuple(stage for stage in stages_of(self.settings.run.group) if self.owner(stage) == self.name)


def run_of(config: Path, request: Mapping[str, Any]) -> Run:
    """The run that ``{scale, variant, seeds, device}`` asks for; raises a sentence as ``resolve`` does."""
    scale, variant = str(request.get("scale", "default")), request.get("variant") or None
    base = Run(run_name(scale, None), resolve(config, {**request, "variant": None}))
    if variant is None:
        return base
    return Run(run_name(scale, str(variant)), resolve(config, request), base)


def write_run_settings(run: Run) -> None:
    """Write ``settings.json`` of the run, and of its base, whose finished run keeps its number of seeds."""
    write_settings(run.settings, run.folder / "settings.json")
    if run.base is not None:
        path = run.base.folder / "settings.json"
        write_settings(with_seeds(run.base.settings, seeds_in(path)), path)


def with_seeds(settings: Settings, seeds: int | None) -> Settings:
    """The settings with another number of seeds, or as they are for ``None``."""
    if seeds is None:
        return settings
    return settings.model_copy(update={"run": settings.run.model_copy(update={"seeds": seeds})})


def seeds_in(path: Path) -> int | None:
    """Number of seeds in a ``settings.json``; ``None`` where there is none that can be read."""
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["run"]["seeds"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def alternatives(config: Path, request: Mapping[str, Any], variants: tuple[str, ...]) -> dict[str, Run]:
    """The runs of several variants of one scale, by variant; they share their base."""
    runs = {variant: run_of(config, {**request, "variant": variant}) for variant in variants}
    bases = [run.base for run in runs.values()]
    return {variant: replace(run, base=bases[0]) for variant, run in runs.items()}
