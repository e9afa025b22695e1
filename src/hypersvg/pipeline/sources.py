"""The source files that a rule's results depend on, so that the workflow makes them again when their code changes."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import grimp

from hypersvg import extensions
from hypersvg.experiments.stages import STAGES, extension_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.settings import Settings

OUTSIDE = (
    "hypersvg.settings",
    "hypersvg.pipeline.settings_file",
    "hypersvg.experiments.stages",
    "hypersvg.experiments.spec",
    "hypersvg.pipeline.clock",
    "hypersvg.pipeline.provenance",
    "hypersvg.sidecars",
    "hypersvg.pipeline.failures",
)
"""Left out, with what they alone import: no table or figure depends on their code. What settings and stages decide
reaches a rule as params and file names, which the workflow compares; the others write sidecars and sentences."""


@cache
def import_graph() -> grimp.ImportGraph:
    """Who imports whom inside the package, read from the sources without importing them.

    Raises :class:`HypersvgError` for a source that is no Python.
    """
    try:
        return grimp.build_graph("hypersvg", cache_dir=None)
    except grimp.exceptions.SourceSyntaxError as error:
        raise HypersvgError(f"{error}; what depends on it cannot be told before it is mended") from None


def source_files(modules: tuple[str, ...], root: Path) -> list[str]:
    """Paths under ``root`` of ``modules`` and of everything of the package that they import, however indirectly.

    Raises ``ValueError`` for a module that the package does not have.
    """
    for module in modules:
        if module not in import_graph().modules:
            raise ValueError(f"there is no module {module} in the package")
    return sorted(module_path(name, root) for name in imported_by(modules))


def imported_by(modules: tuple[str, ...]) -> set[str]:
    """The modules themselves, what they import, and the packages around each, which Python imports first."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found or is_outside(name):
            continue
        found.add(name)
        waiting += import_graph().find_modules_directly_imported_by(name)
        package, dot, _ = name.rpartition(".")
        waiting += [package] if dot else []
    return found


def is_outside(name: str) -> bool:
    """Whether a module is one of :data:`OUTSIDE` or inside of one."""
    return any(name == outside or name.startswith(f"{outside}.") for outside in OUTSIDE)


def own_sources(stage: str, arm: str, settings: Settings) -> list[str]:
    """The user's own files behind a job: of its task, and of its arm's controller.

    Raises :class:`~hypersvg.extensions.ExtensionError` where one is not there.
    """
    task, controller = settings.extensions.task, extension_of(stage, arm, settings)
    found = extensions.source_files(task, "hypersvg.tasks") if task and STAGES[stage].trains_the_task else []
    return [*found, *(extensions.source_files(controller, "hypersvg.controllers") if controller else [])]


def require_own_sources(settings: Settings) -> None:
    """Raise :class:`~hypersvg.extensions.ExtensionError` where a file that the settings name is not there."""
    for stage, spec in STAGES.items():
        for arm in spec.arms(settings):
            own_sources(stage, arm, settings)


def module_path(name: str, root: Path) -> str:
    """Source file of a dotted module, relative to the repository's root."""
    stem = Path("src", *name.split("."))
    return str(stem / "__init__.py" if (root / stem).is_dir() else stem.with_suffix(".py"))


def content(files: Iterable[str], root: Path) -> str:
    """One digest of the names and contents of files under ``root``; of those that are there."""
    found = {name: digest(root / name) for name in sorted(files) if (root / name).is_file()}
    return hashlib.sha256(repr(found).encode()).hexdigest()


@cache
def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
