"""A user's own controllers and task: from a file outside the repository, or from an installed package's entry point.

The settings block ``extensions`` names them, docs/extending.md shows how. Finding their files runs none of their code.
"""

import hashlib
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

Group = Literal["hypersvg.controllers", "hypersvg.tasks"]
"""Groups of entry points."""


class ExtensionError(ValueError):
    """Something of the user's own that cannot be used; the message is one sentence that names its file and the mend."""


def source_files(reference: str, group: Group) -> list[str]:
    """The files behind a reference: the one file, or all of an entry point's package.

    Raises :class:`ExtensionError` where they are not there.
    """
    file, colon, _ = reference.rpartition(":")
    if colon:
        return [str(existing(Path(file)))]
    package = entry_point(reference, group).module.partition(".")[0]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ExtensionError(f"the package {package} behind '{reference}' has no source files; install it again")
    folders = spec.submodule_search_locations
    return sorted(str(path) for folder in folders for path in Path(folder).rglob("*.py")) if folders else [spec.origin]


def loaded(reference: str, group: Group) -> Any:
    """What a reference names, imported; raises :class:`ExtensionError` where its code fails or does not define it."""
    file, colon, name = reference.rpartition(":")
    if not colon:
        point = entry_point(reference, group)
        try:
            return point.load()
        except Exception as error:
            raise ExtensionError(f"the entry point '{reference}' = {point.value} {failure(error)}") from error
    module = imported(existing(Path(file)))
    if not hasattr(module, name):
        raise ExtensionError(f"{file} defines no {name}; name something that it defines, as in file.py:Name")
    return getattr(module, name)


def imported(path: Path) -> ModuleType:
    """The module in the file ``path``, always compiled anew: Python's cache misses an edit within the same second."""
    name = f"hypersvg_extension_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    module = sys.modules[name] = ModuleType(name)
    module.__file__ = str(path)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise ExtensionError(f"{path} {failure(error)}") from error
    return module


def failure(error: Exception) -> str:
    """What went wrong while importing, and in which line."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = "" if isinstance(error, SyntaxError) else f" ({last.filename}, line {last.lineno})"
    return f"cannot be imported: {type(error).__name__}: {error}{where}; mend it there"


def existing(path: Path) -> Path:
    """``path``; raises :class:`ExtensionError` where there is no file."""
    if not path.is_file():
        raise ExtensionError(f"there is no file {path}; correct its path in the settings block extensions")
    return path


def entry_point(name: str, group: Group) -> EntryPoint:
    """The installed entry point; raises :class:`ExtensionError` naming the known ones."""
    known = {point.name: point for point in entry_points(group=group)}
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise ExtensionError(f"no installed package has an entry point '{name}' of the group {group}; known: {listed}")
    return known[name]
