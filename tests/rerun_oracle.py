"""What should run again of a run of the thesis, worked out without the workflow: imports, and who reads what."""

import ast
from collections.abc import Iterable
from pathlib import Path

from checkout import ROOT

from hypersvg.experiments.stages import STAGES, TABLE_FILES, stages_of
from hypersvg.pipeline.exhibits_index import notebooks_of

NOTEBOOKS = notebooks_of("thesis")

SOURCES = {
    ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "src" / "hypersvg").rglob("*.py"))
}
"""Path of every module of the package."""

NO_RESULT_DEPENDS_ON = (
    *(name for name in SOURCES if f"{name}.".startswith("hypersvg.settings.")),
    *("hypersvg.experiments.stages", "hypersvg.experiments.spec", "hypersvg.pipeline.settings_file"),
    *("hypersvg.pipeline.clock", "hypersvg.pipeline.failures", "hypersvg.pipeline.provenance", "hypersvg.sidecars"),
)

JOBS = {
    **{stage: (f"{stage}_job",) for stage in stages_of("thesis")},
    "ppo": ("ppo_job", "ppo_reference_job"),
    "baselines": ("baselines_job", "bayesian_optimization_job"),
}
"""The rules of every stage."""

CALLED = {
    "images": ("hypersvg.pipeline.images_job",),
    **{rule: ("hypersvg.pipeline.jobs", STAGES[stage].module) for stage, rules in JOBS.items() for rule in rules},
    **{f"gather_{table}": ("hypersvg.pipeline.gather",) for (stage, _), table in TABLE_FILES.items() if stage in JOBS},
    **{f"notebook_{name}": ("hypersvg.pipeline.notebooks", "hypersvg.exhibits") for name in NOTEBOOKS},
    "claims": ("hypersvg.pipeline.claims_job",),
}
"""What the command of every rule calls."""

ALL_NOTEBOOKS = {f"notebook_{name}" for name in NOTEBOOKS}


def imports(path: Path) -> set[str]:
    """The package's modules that a source names in an import, wherever it stands in the file."""
    named = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            named |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return named & set(SOURCES)


def reached(modules: Iterable[str]) -> set[str]:
    """Modules, what they import, and the packages that Python runs on the way."""
    found: set[str] = set()
    for name in modules:
        packages = {name.rsplit(".", depth)[0] for depth in range(1, name.count(".") + 1)}
        found |= {name, *packages} - set(NO_RESULT_DEPENDS_ON)
    further = {name for module in found for name in imports(SOURCES[module])} - set(NO_RESULT_DEPENDS_ON) - found
    return reached(found | further) if further else found


def with_consequences(rules: set[str]) -> set[str]:
    """Rules, and all that read their results directly or not."""
    found = set(rules)
    if "images" in found:
        found |= {"gather_manifest"} | {rule for name in JOBS if STAGES[name].needs_images for rule in JOBS[name]}
    if "trajectories_job" in found:
        found.add("offline_job")
    found |= {f"gather_{name}" for (stage, _), name in TABLE_FILES.items() if found & set(JOBS.get(stage, ()))}
    for name, notebook in NOTEBOOKS.items():
        if found & {"gather_manifest", *(f"gather_{table}" for table in notebook.tables)}:
            found.add(f"notebook_{name}")
    return found | {"claims" for rule in found if rule.startswith("gather_")}
