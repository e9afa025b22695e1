"""What every stage gets and returns: a :class:`Job` in, tidy tables (and at most one array file) out."""

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from hypersvg.experiments.checkpoint import Checkpoint
from hypersvg.maths.random import seed_of
from hypersvg.settings import Settings


@dataclass(frozen=True)
class Job:
    """One method variant over a block of seeds.

    ``arm`` names the variant within the stage; ``images`` is the data stage's file and ``trajectories`` the folder of
    the trajectories job of the same seeds, where the stage needs them; ``folder`` is where arrays may be written;
    ``checkpoint`` lets a long job go on where it was interrupted.
    """

    settings: Settings
    arm: str
    seeds: tuple[int, ...]
    folder: Path
    images: Path | None = None
    trajectories: Path | None = None
    checkpoint: Checkpoint = field(default_factory=Checkpoint, compare=False)

    @property
    def images_file(self) -> Path:
        """The images; raises ``ValueError`` for a stage that was called without them."""
        if self.images is None:
            raise ValueError("this stage needs --images, the file made by the data stage")
        return self.images

    def fresh_seeds(self, seed: int) -> tuple[int, ...]:
        """Seeds that no method trains or selects on, for re-evaluations."""
        return tuple(seed_of(seed, "fresh", index) for index in range(self.settings.run.fresh_seeds))


Tables = dict[str, pd.DataFrame]
