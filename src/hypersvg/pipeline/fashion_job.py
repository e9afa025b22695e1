"""FashionMNIST as a job: its images, or the run's own in their place, and their sidecar."""

from pathlib import Path

from hypersvg.pipeline.at_work import at_work
from hypersvg.pipeline.clock import Clock
from hypersvg.pipeline.provenance import code_state, provenance, write_json
from hypersvg.pipeline.settings_file import read_settings
from hypersvg.sidecars import FASHION, beside, read_sidecar, require_recorded


def make_fashion(settings_file: Path, images: Path, folder: Path) -> None:
    """Write ``fashion.safetensors``, ``manifest.json`` and ``provenance.json`` into ``folder``.

    ``images`` are the run's own. Raises a sentence (:class:`hypersvg.data.DataError`) for a damaged source, and for one
    that is demanded and cannot be had.
    """
    from hypersvg.data.fashion import prepare_fashion

    clock = Clock()
    settings, code = read_settings(settings_file), code_state((__name__, "hypersvg.data.fashion"))
    inputs = {str(images): require_recorded(images, read_sidecar(beside(images)))}
    with at_work(folder):
        clock.computing()
        prepare_fashion(settings.fashion, settings.data.limit, images, folder)
        clock.writing()
        outputs = [folder / FASHION, folder / "manifest.json"]
        blocks = {name: getattr(settings, name).model_dump(mode="json") for name in ("data", "fashion")}
        write_json(folder / "provenance.json", provenance(blocks, inputs, outputs, clock, **code))
