"""Sidecars: the JSON beside every result that says where it came from. Read, checked against files, and compared.

A job's folder holds ``provenance.json``; beside ``tables/<name>.parquet`` lies ``<name>.provenance.json``.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypersvg.tables import TableError

IMAGES, FASHION = "images.safetensors", "fashion.safetensors"
"""What the data stage writes: the images of a run, and those of the stages that train on FashionMNIST."""
JOB_SIDECAR = "provenance.json"
RECORDS = ("settings", "code", "git", "job", "machine", "versions")
"""Parts of a sidecar that not all have."""
SHOWN = 12
"""Digits of a SHA-256 that sentences repeat."""


class OriginError(TableError):
    """A result of unknown or unfitting origin; the message is one sentence that names it and the mend."""


def sha256(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings_hash(settings: Mapping[str, Any]) -> str:
    """SHA-256 of settings blocks in a canonical spelling."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Sidecar:
    """One sidecar and where it lies. What an older version did not record is empty or ``None``."""

    path: Path
    content: Mapping[str, Any]

    @property
    def about(self) -> Path:
        """What it is about, for sentences: a job's folder, or the file beside it."""
        if self.path.name == JOB_SIDECAR:
            return self.path.parent
        return self.path.with_name(next(iter(self.outputs), self.path.name))

    @property
    def inputs(self) -> Mapping[str, str]:
        """SHA-256 of every file that was read, by path."""
        return dict(self.content["inputs"])

    @property
    def outputs(self) -> Mapping[str, str]:
        """SHA-256 of every file that was written, by name."""
        return dict(self.content["outputs"])

    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]:
        """The settings blocks that it depends on."""
        return dict(self.content.get("settings", {}))

    @property
    def code(self) -> Mapping[str, str]:
        """SHA-256 of every source file behind it, by path in the repository."""
        return dict(self.content.get("code", {}))

    @property
    def images(self) -> str | None:
        """SHA-256 of the images behind it; ``None`` where it saw none."""
        read = (digest for path, digest in self.inputs.items() if Path(path).name == IMAGES)
        return self.content.get("images") or next(read, None)


def beside(path: Path) -> Path:
    """Where the sidecar of a result lies: ``<name>.provenance.json``, or its folder's ``provenance.json``."""
    own = path.with_suffix(f".{JOB_SIDECAR}")
    return own if own.is_file() else path.with_name(JOB_SIDECAR)


def read_sidecar(path: Path) -> Sidecar:
    """The sidecar at ``path``; raises :class:`OriginError` where there is none or it is damaged."""
    mend = "delete it and what lies beside it, and run its stage again"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise OriginError(f"{path} is missing, so nobody knows where the files beside it come from: {mend}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise OriginError(f"{path} cannot be read ({error}): {mend}") from None
    if not isinstance(content, dict):
        raise OriginError(f"{path} must hold a JSON object: {mend}")
    for name in ("inputs", "outputs", *RECORDS):
        if not isinstance(content.get(name, {} if name in RECORDS else None), dict):
            raise OriginError(f"{path} is no sidecar, it has no record of {name}: {mend}")
    return Sidecar(path, content)


def require_recorded(path: Path, sidecar: Sidecar, mend: str = "delete it and run its stage again") -> str:
    """SHA-256 of ``path``; raises :class:`OriginError` unless it is the very file that ``sidecar`` recorded."""
    if path.is_dir():
        raise OriginError(f"{path} is a folder where a file should be; {mend}")
    if not path.exists():
        raise OriginError(f"{path} is missing and cannot be read; {mend}")
    now, recorded = sha256(path), sidecar.outputs.get(path.name)
    if now != recorded:
        written = f"{recorded[:SHOWN]}…" if recorded else "no such file"
        raise OriginError(
            f"{path} is not what its job wrote, but damaged, edited or of another run: its SHA-256 is {now[:SHOWN]}…, "
            f"{sidecar.path.name} says {written}; {mend}"
        )
    return now


def require_settings(sidecar: Sidecar, settings: Mapping[str, Mapping[str, Any]], of: Path) -> None:
    """Raise :class:`OriginError` when a result is of other settings than ``settings``, the blocks of the run ``of``."""
    keys = list(changed_settings(sidecar.settings, settings))
    if keys:
        raise OriginError(
            f"{sidecar.about} is of other settings than {of} ({'; '.join(keys[:3])}); delete it and run its stage again"
        )


def refuse_mixture(first: Sidecar, second: Sidecar) -> None:
    """Raise :class:`OriginError` when two results are of different code, settings, packages or images.

    Code is compared file by file where both depend on a file, settings key by key where both depend on a key.
    """
    found = ", and ".join(differences(first, second))
    if found:
        raise OriginError(
            f"{first.about} and {second.about} do not belong together: they come from different {found}; "
            "delete the one that is out of date and run its stage again"
        )


def differences(first: Sidecar, second: Sidecar) -> Iterator[str]:
    """What two results do not share although both depend on it, in words."""
    files = sorted(name for name in first.code.keys() & second.code.keys() if first.code[name] != second.code[name])
    if files:
        yield f"code ({', '.join(files[:3])}{' and others' if len(files) > 3 else ''})"
    keys = list(changed_settings(first.settings, second.settings))
    if keys:
        yield f"settings ({'; '.join(keys[:3])}{'; and others' if len(keys) > 3 else ''})"
    locks = {lock for one in (first, second) if (lock := one.content.get("lock_hash"))}
    if len(locks) > 1:
        yield "package versions (envs/lock.txt)"
    if len({one.images for one in (first, second) if one.images}) > 1:
        yield f"images ({IMAGES})"


def changed_settings(first: Mapping[str, Mapping[str, Any]], second: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The keys that both have and that differ, with both values: ``svg.width = 16 and 32``."""
    for block in sorted(first.keys() & second.keys()):
        for key in sorted(first[block].keys() & second[block].keys()):
            if first[block][key] != second[block][key]:
                yield f"{block}.{key} = {first[block][key]} and {second[block][key]}"
