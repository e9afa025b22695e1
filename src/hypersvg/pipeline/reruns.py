"""What Snakemake would run again, with the causes: its plan held against its records of what results were made from.

Snakemake stops at the first cause that it finds; here a job has all of its own.
"""

import ast
import io
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hypersvg.pipeline.failures import HypersvgError
from hypersvg.sidecars import sha256

DATA_RULES = ("images", "gather_manifest", "fashion_images", "gather_fashion")


@dataclass(frozen=True)
class Changed:
    """A setting, now and when the results were made, as the settings files write it; ``None`` where there is none."""

    key: str
    now: str | None
    then: str | None


@dataclass(frozen=True)
class Causes:
    """Why a job would run; all empty where it only follows others.

    ``edited`` inputs have another content than recorded, ``newer`` ones have no recorded content. ``unknown`` is
    Snakemake's own word for anything else.
    """

    incomplete: bool = False
    missing: bool = False
    edited: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    settings: tuple[Changed, ...] = ()
    command: bool = False
    unknown: str = ""


@dataclass(frozen=True)
class Planned:
    """A job that would run: its rule, the stage it works for, its outputs and those that are missing.

    ``reads`` are the stages whose results it reads and that would run themselves.
    """

    rule: str
    stage: str
    outputs: tuple[str, ...]
    missing: tuple[str, ...]
    causes: Causes
    reads: tuple[str, ...] = ()


def planned_jobs(target: str, request: Mapping[str, Any]) -> list[Planned]:
    """The jobs that a run of ``target`` at ``{scale, variant, seeds, device}`` would execute, causes first.

    Raises :class:`HypersvgError` where the workflow cannot be planned.
    """
    from snakemake.api import SnakemakeApi
    from snakemake.cli import parse_args
    from snakemake.exceptions import WorkflowError
    from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings

    with redirect_stderr(io.StringIO()):  # which profile it reads
        _, arguments = parse_args([target, "--dry-run"])
    settings = DAGSettings(
        targets=[target],
        force_incomplete=True,
        rerun_triggers=arguments.rerun_triggers,
        max_checksum_file_size=arguments.max_checksum_file_size,
    )
    silent = OutputSettings(dryrun=True, enable_file_logging=False, log_level_override=logging.ERROR)
    made_again: list[str] = []
    with SnakemakeApi(silent) as snakemake:
        workflow = snakemake.workflow(ResourceSettings(cores=1), ConfigSettings(config=dict(request)))
        try:
            workflow.dag(settings).execute_workflow("dryrun", updated_files=made_again)
        except WorkflowError as error:
            raise HypersvgError(f"the workflow cannot be planned: {error}") from None
        return list(explained(workflow._workflow, set(made_again)))


def explained(workflow: Any, made_again: set[str]) -> Iterator[Planned]:
    """The jobs of a planned workflow whose outputs are ``made_again``, in the order of their rules."""
    order = {rule.name: place for place, rule in enumerate(workflow.rules)}
    jobs = {job for job in workflow.dag.jobs if made_again & {str(path) for path in job.output}}
    for job in sorted(jobs, key=lambda job: (order[job.rule.name], str(job.output[0]))):
        feeding = [other for other in workflow.dag.dependencies[job] if other in jobs]
        reads = map(stage_of, sorted(feeding, key=lambda other: order[other.rule.name]))
        yield Planned(
            rule=job.rule.name,
            stage=stage_of(job),
            outputs=tuple(map(str, job.output)),
            missing=tuple(str(path) for path in job.output if not Path(path).exists()),
            causes=causes(job, workflow, made_again),
            reads=tuple(dict.fromkeys(reads)),
        )


def stage_of(job: Any) -> str:
    """The stage a job works for; the rule's own name where there is none."""
    return "data" if job.rule.name in DATA_RULES else str(job.params.get("stage", job.rule.name))


def causes(job: Any, workflow: Any, made_again: set[str]) -> Causes:
    """All own causes of a job."""
    reason, record = workflow.dag.reason(job), workflow.persistence.metadata(job.output[0])
    if reason.forced:
        return Causes(incomplete=True)
    if not any(Path(path).exists() for path in job.output):
        return Causes(missing=True)
    given = [str(path) for path in job.input if str(path) not in made_again]
    checksums = (record and record.input_checksums) or {}
    recorded = set(record.input or given) if record else set(given)
    edited = tuple(path for path in given if differs(path, checksums.get(path)))
    newer = tuple(sorted({str(path) for path in reason.updated_input} - set(checksums)))
    own = Causes(
        missing=not all(Path(path).exists() for path in job.output),
        edited=edited,
        newer=newer,
        added=tuple(path for path in given if path not in recorded),
        removed=tuple(sorted(recorded - set(map(str, job.input)))),
        settings=changed_settings(workflow.persistence.params_changed(job)),
        command=any(workflow.persistence.code_changed(job)),
    )
    follows = not made_again.isdisjoint(map(str, job.input))
    return own if follows or own != Causes() else Causes(unknown=str(reason).removeprefix("Finished "))


def differs(path: str, recorded: str | None) -> bool:
    """Whether a file has another content than recorded, as ``sha256:<digest>``; not where none is recorded."""
    return recorded is not None and Path(path).is_file() and recorded != digest(path)


@cache
def digest(path: str) -> str:
    """The content of a file as Snakemake records it."""
    return f"sha256:{sha256(Path(path))}"


def changed_settings(change: Any) -> tuple[Changed, ...]:
    """The settings behind changed params, which Snakemake records as Python literals."""
    now, then = plain(change.only_new), plain(change.only_old)
    return tuple(
        Changed(key, now.get(key), then.get(key))
        for key in sorted(now.keys() | then.keys())
        if now.get(key) != then.get(key)
    )


def plain(literals: Iterable[str]) -> dict[str, str]:
    """Settings as text by dotted key, from params of a job: ``{block: {key: value}}``, alone or as those of a stage.

    The seeds that a gathered table must have stand among them without their block.
    """
    found = {key: value for literal in literals for key, value in leaves(ast.literal_eval(literal))}
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}


def leaves(tree: Any, path: tuple[str, ...] = ("run",)) -> Iterator[tuple[str, Any]]:
    """Values by the last two parts of their path."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, str(key)))
    elif len(path) > 1:
        yield ".".join(path[-2:]), tree
