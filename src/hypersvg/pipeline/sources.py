"""The source files a stage's results depend on, so that the workflow reruns a stage when its code changes."""

from functools import cache
from pathlib import Path

import grimp

SETTINGS = "hypersvg.settings"
"""Left out: whatever it decides reaches a stage as a value, and values are compared by the workflow themselves."""


@cache
def import_graph() -> grimp.ImportGraph:
    """Who imports whom inside the package, read from the sources without importing them."""
    return grimp.build_graph("hypersvg", cache_dir=None)


def source_files(module: str, root: Path) -> list[str]:
    """Paths under ``root`` of ``module`` and of everything of the package that it imports, however indirectly.

    Raises ``ValueError`` for a module that the package does not have.
    """
    graph = import_graph()
    if module not in graph.modules:
        raise ValueError(f"there is no module {module} in the package")
    packages = {name for name in graph.modules if module == name or module.startswith(f"{name}.")}
    modules = packages | graph.find_upstream_modules(module) | submodules(module, graph)
    kept = {name for name in modules if name != SETTINGS and not name.startswith(f"{SETTINGS}.")}
    return sorted(module_path(name, root) for name in kept)


def submodules(package: str, graph: grimp.ImportGraph) -> set[str]:
    """The modules inside ``package`` and all that they import."""
    inside = graph.find_descendants(package)
    return inside | {name for module in inside for name in graph.find_upstream_modules(module)}


def module_path(name: str, root: Path) -> str:
    """Source file of a dotted module, relative to the repository's root."""
    stem = Path("src", *name.split("."))
    return str(stem / "__init__.py" if (root / stem).is_dir() else stem.with_suffix(".py"))
