"""The jobs behind one table belong together: same code, settings, package versions and images, and undamaged files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypersvg.experiments.stages import block_settings
from hypersvg.settings import Settings
from hypersvg.sidecars import (
    JOB_SIDECAR,
    OriginError,
    Sidecar,
    beside,
    read_sidecar,
    refuse_mixture,
    require_recorded,
    require_settings,
    settings_hash,
)

AGAIN = "delete its folder and run the stage again"


def agreed(stage: str, settings_file: Path, settings: Settings, files: Sequence[Path]) -> dict[str, Any]:
    """What the jobs behind ``files`` share, for the sidecar of their table: ``code`` and ``images``.

    Raises :class:`~hypersvg.sidecars.OriginError` with one sentence that names the job, or both jobs, and the mend.
    """
    sidecars = [recorded(path, stage) for path in files]
    for sidecar in sidecars:
        refuse_mixture(sidecars[0], sidecar)
        refuse_other_settings(sidecar, block_settings(stage, settings), settings_file)
        refuse_stale(sidecar)
    code = {name: digest for sidecar in sidecars for name, digest in sidecar.code.items()}
    return {"code": code, "images": next((one.images for one in sidecars if one.images), None)}


def recorded(path: Path, stage: str) -> Sidecar:
    """The sidecar of the job that wrote ``path``, which is as that job left it and lies where that job belongs."""
    sidecar = read_sidecar(path.with_name(JOB_SIDECAR))
    require_recorded(path, sidecar)
    arm, seeds = path.parent.parent.name, path.parent.name.removeprefix("seeds-")
    here = {"stage": stage, "arm": arm, "seeds": seeds}
    job = sidecar.content.get("job", here)
    if job != here:
        raise OriginError(f"{path.parent} holds the files of the job {' '.join(map(str, job.values()))}; {AGAIN}")
    return sidecar


def refuse_other_settings(sidecar: Sidecar, blocks: Mapping[str, Mapping[str, Any]], settings_file: Path) -> None:
    """Raise a sentence when a job is of other settings than the run, naming the keys where the job recorded them."""
    require_settings(sidecar, blocks, settings_file)
    if sidecar.content.get("settings_hash") != settings_hash(blocks):
        raise OriginError(f"{sidecar.about} is of other settings than {settings_file}; {AGAIN}")


def refuse_stale(sidecar: Sidecar) -> None:
    """Raise a sentence when a job read a file that the job before it has since made anew with other contents."""
    for name, digest in sidecar.inputs.items():
        maker = beside(Path(name))
        if maker.is_file() and read_sidecar(maker).outputs.get(Path(name).name, digest) != digest:
            raise OriginError(f"{sidecar.about} was computed from another {name} than there is now; {AGAIN}")
