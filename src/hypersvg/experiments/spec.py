"""What a stage is, as data; imports no numerics, so it is fast."""

from collections.abc import Callable
from dataclasses import dataclass

from hypersvg.experiments.arms import Names
from hypersvg.settings import Settings
from hypersvg.settings.groups import Group

Groups = tuple[str, tuple[str | int | float, ...]]
"""A table's column and the values that every seed must have in it."""


@dataclass(frozen=True)
class StageSpec:
    """One stage of the workflow.

    ``blocks`` are the settings blocks whose change reruns it, but for
    :data:`~hypersvg.experiments.stages.UNCOUNTED` and the keys that it ``ignores``. ``arms`` are its job variants,
    ``tables`` the tables each arm's job writes, ``groups`` the rows by method that a gathered table must hold for every
    seed. ``fashion`` is true where it trains on FashionMNIST. ``arrays`` are further files of every job; ``after`` is a
    stage whose job of the same seeds it reads; ``by_seed`` is false where a job knows no seeds; ``group`` are the runs
    that it belongs to (``run.group``).
    """

    name: str
    blocks: Names
    arms: Callable[[Settings], Names]
    tables: Callable[[str], Names]
    groups: Callable[[Settings, str], Groups | None]
    needs_images: bool = True
    fashion: bool = False
    arrays: Names = ()
    after: str | None = None
    by_seed: bool = True
    ignores: Names = ()
    group: Group = "thesis"

    @property
    def module(self) -> str:
        """Dotted name of the module that defines the stage's ``run(job)``."""
        folder = "" if self.group == "thesis" else f"{self.group}."
        return f"hypersvg.experiments.{folder}{self.name}"

    @property
    def trains_the_task(self) -> bool:
        """Whether it trains the inner problem, which may be a user's own."""
        return "inner" in self.blocks

    def all_tables(self, settings: Settings) -> Names:
        """Names of all tables of the stage, each once."""
        return tuple(dict.fromkeys(table for arm in self.arms(settings) for table in self.tables(arm)))

    def arms_of(self, table: str, settings: Settings) -> Names:
        """The arms whose jobs write ``table``."""
        return tuple(arm for arm in self.arms(settings) if table in self.tables(arm))


def always(*names: str) -> Callable[[object], Names]:
    """A function that gives the same names whatever it is asked."""
    return lambda _: names
