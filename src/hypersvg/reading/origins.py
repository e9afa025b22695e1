"""Tables that are read together belong together: same code, settings, package versions and images, and undamaged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypersvg.sidecars import (
    JOB_SIDECAR,
    OriginError,
    Sidecar,
    read_sidecar,
    refuse_mixture,
    require_recorded,
    require_settings,
)


class Origins:
    """The sidecars of the tables that one reader has taken so far."""

    def __init__(self, settings_file: Path, settings: Mapping[str, Mapping[str, Any]], images: str | None) -> None:
        """``images`` is the SHA-256 of the run's own images; ``None`` where it is unknown or there are several."""
        self.settings_file, self.settings, self.images = settings_file, settings, images
        self.admitted: list[Sidecar] = []

    def admit(self, table: Path) -> None:
        """Take one more table; raises :class:`OriginError` naming it, and the one that it does not fit."""
        sidecar = read_sidecar(table.with_suffix(f".{JOB_SIDECAR}"))
        require_recorded(table, sidecar)
        require_settings(sidecar, self.settings, self.settings_file)
        if self.images and sidecar.images and sidecar.images != self.images:
            raise OriginError(f"{table} is of other images than this run's manifest; delete it and run its stage again")
        for other in self.admitted:
            refuse_mixture(other, sidecar)
        self.admitted.append(sidecar)
