"""The data stage as a job: the images of a run and their sidecar."""

from pathlib import Path

from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.provenance import code_state, provenance, write_json
from hypersvg.pipeline.settings_file import read_settings


def make_images(settings_file: Path, folder: Path) -> None:
    """Write ``images.safetensors``, ``manifest.json`` and ``provenance.json`` into ``folder``.

    Raises a sentence (:class:`hypersvg.data.DataError`) for a damaged or unavailable source.
    """
    from hypersvg.data import prepare

    clock = Clock()
    settings, code = read_settings(settings_file).data, code_state((__name__, "hypersvg.data"))
    with at_work(folder):
        clock.computing()
        prepare(settings, folder)
        clock.writing()
        outputs = [folder / "images.safetensors", folder / "manifest.json"]
        blocks = {"data": settings.model_dump(mode="json")}
        write_json(folder / "provenance.json", provenance(blocks, {}, outputs, clock, **code))
