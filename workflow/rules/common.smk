# What all rules share; no rule here.
#
# Inputs   config/scales/<scale>.yaml, config/variants/<variant>.yaml and --config scale= variant= seeds= device=;
#          in place of a variant's name the path of a YAML file of one's own, and what its block extensions names
# Outputs  results/<run>/settings.json when a run starts, with run = <scale> or <scale>+<variant>
# Steps    1. resolve and validate the settings; anything unknown ends here, in one sentence
#          2. name the files of the run, its jobs and the sources each stage depends on
#
# Jobs carry the wildcard {run}: a variant uses the jobs of its scale's own run for every stage whose settings are equal.
import atexit
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from hypersvg.settings.groups import CLAIMS
from hypersvg.experiments.stages import (
    STAGES,
    TABLE_FILES,
    block_settings,
    extension_of,
    seed_blocks,
    stages_of,
)
from hypersvg.ledger import compared_variants
from hypersvg.pipeline import alone, cluster, environment, failed, failures, preflight, runs, scheduler, sources
from hypersvg.pipeline.exhibits_index import exhibit_files, exhibits_of, notebooks_of

ROOT = Path(workflow.basedir)
ROOT = ROOT.parent if ROOT.name == "workflow" else ROOT
SCALE = str(config.get("scale", "default"))

try:
    THIS = runs.run_of(ROOT / "config", config)
    sources.import_graph()
    sources.require_own_sources(THIS.settings)
except (ValueError, RuntimeError) as error:
    sys.exit(f"hypersvg: {error}")

SETTINGS = THIS.settings
RUN = THIS.folder
GROUP = SETTINGS.run.group
SHOWN_SETTINGS = SETTINGS.model_dump(mode="json", exclude={"run": {"checkpoint_minutes"}})
ALTERNATIVES = runs.alternatives(ROOT / "config", config, compared_variants()) if THIS.name == "sensitivity" else {}
RUNS = {run.name: run for run in (THIS, THIS.base, *ALTERNATIVES.values()) if run is not None}
UNCOMPARED = ("runtimes", "shortlist")  # stages without a headline number that a reading could change
ON_PAPER = ("offline", "online", "baselines")  # what `make paper-claims` judges
CLAIMS_FILE = str(CLAIMS[GROUP])
CLAIMED = ON_PAPER if SCALE == "paper" and GROUP == "thesis" else stages_of(GROUP)
LOCK = "envs/lock.txt"
CORES = workflow.resource_settings.cores  # of this machine, for the run; None where a cluster runs its jobs

environment.use_this_checkout(ROOT)


wildcard_constraints:
    run=r"[A-Za-z0-9_-]+(\+[A-Za-z0-9_-]+)?",
    arm=r"[A-Za-z0-9_]+",
    first=r"\d{3}",
    last=r"\d{3}",


# exec: the job itself is Snakemake's child, so that a signal meets the job and not a shell in between.
JOB = (
    "exec python -m hypersvg job {params.stage} --arm {wildcards.arm} --seeds {wildcards.first}-{wildcards.last}"
    " --settings results/{wildcards.run}/settings.json --output {params.folder} > {log} 2>&1"
)
JOB_ON_IMAGES = JOB.replace(" --output", " --images {input.images} --output")
JOB_WITH_OR_WITHOUT_IMAGES = JOB.replace(" --output", " {params.images} --output")
JOB_ON_TRAJECTORIES = JOB_ON_IMAGES.replace(" --output", " --trajectories {params.data_set} --output")


def code(*modules):
    """Sources of modules and of what they import, and the lock: a change of their content reruns the rule."""
    return [*sources.source_files(modules, ROOT), LOCK]


def stage_code(stage):
    """Sources of a stage; those of the user's own task and of the arm's own controller are inputs like them."""
    package = code("hypersvg.pipeline.jobs", STAGES[stage].module)

    def find(wildcards):
        return [*package, *sources.own_sources(stage, wildcards.arm, RUNS[wildcards.run].settings)]

    return find


def stage_content(stage, *more):
    """One digest of a stage's sources and of further files; see :func:`content`."""
    files = stage_code(stage)
    return lambda wildcards: content([*files(wildcards), *more])


def content(files):
    """One digest of files, for params: Snakemake looks at an input's content only where its time is newer."""
    return sources.content(files, ROOT)


def run_file(*parts, run="{run}"):
    """Pattern of one file of a run."""
    return Path("results", run, *parts)


def images(wildcards):
    """The images of a run's jobs."""
    return run_file("data", "images.safetensors", run=RUNS[wildcards.run].data_owner)


def stage_images(stage):
    """The images that the jobs of a stage train on; none where it needs none."""
    if not STAGES[stage].needs_images:
        return []
    return run_file("fashion", "fashion.safetensors") if STAGES[stage].fashion else images


def manifests(tables):
    """What the images behind gathered tables were."""
    fashion = {name for (stage, _), name in TABLE_FILES.items() if STAGES[stage].fashion} & set(tables)
    return [
        run_file("tables", f"{name}.json", run=THIS.name) for name in ("manifest", *(["fashion"] if fashion else []))
    ]


def job_file(stage, name, arm="{arm}"):
    """Pattern of one file of the jobs of a stage."""
    return run_file("jobs", stage, arm, "seeds-{first}-{last}", name)


def job_folder(wildcards, output):
    return Path(output.provenance).parent


def job_log(stage):
    return run_file("logs", stage, "{arm}-seeds-{first}-{last}.log")


def trajectories_file(name):
    """The file of the trajectories job behind an offline job, which may be the base run's."""

    def find(wildcards):
        pattern = str(job_file("trajectories", name, "all"))
        return pattern.format(**{**wildcards, "run": RUNS[wildcards.run].owner("trajectories")})

    return find


def arms_pattern(stage, table):
    """The arms of a stage, in any of the runs, whose jobs write a table."""
    return "|".join(sorted({arm for run in RUNS.values() for arm in STAGES[stage].arms_of(table, run.settings)}))


def job_params(stage):
    """The settings behind a stage as one named dictionary: Snakemake compares params as a set of values."""

    def find(wildcards):
        settings = RUNS[wildcards.run].settings
        own = extension_of(stage, wildcards.get("arm", ""), settings)
        return {stage: block_settings(stage, settings)} | ({"controller": own} if own else {})

    return find


def gather_params(stage):
    """The settings of a stage, and the seeds that must be there."""
    return lambda wildcards: {**job_params(stage)(wildcards), "seeds": RUNS[wildcards.run].settings.run.seeds}


def job_files(stage, table):
    """The files of a table that all jobs of a stage write for a run, in the order of arms and seeds."""

    def find(wildcards):
        run, spec = RUNS[wildcards.run], STAGES[stage]
        blocks = seed_blocks(run.settings) if spec.by_seed else [(0, 0)]
        pattern = str(job_file(stage, f"{table}.parquet"))
        return [
            pattern.format(run=run.owner(stage, arm), arm=arm, first=f"{first:03d}", last=f"{last:03d}")
            for arm in spec.arms_of(table, run.settings)
            for first, last in blocks
        ]

    return find


def table_file(name, run="{run}"):
    return run_file("tables", f"{name}.parquet", run=run)


def stage_tables(stage, run=THIS.name):
    """All gathered tables of a stage."""
    tables = STAGES[stage].all_tables(RUNS[run].settings)
    return [table_file(TABLE_FILES[stage, table], run) for table in tables]


def claimed_tables(stages):
    """The tables that claims are judged on: of some stages, and what the group's notebooks show beside its own."""
    own = [table for stage in stages for table in stage_tables(stage)]
    shown = [table_file(name, THIS.name) for notebook in notebooks_of(GROUP).values() for name in notebook.tables]
    return list(dict.fromkeys([*own, *(shown if GROUP != "thesis" else [])]))


def compared_tables(run):
    """Gathered tables of the stages that a variant changes; all of them for the default."""
    changed = [stage for stage in RUNS[run].changed() if stage not in UNCOMPARED]
    return [table for stage in changed for table in stage_tables(stage, run)]


def exhibit_outputs(exhibits):
    return [RUN / "exhibits" / file for exhibit in exhibits for file in exhibit_files(exhibit)]


def memory_mb(wildcards, attempt):
    return cluster.memory(SETTINGS.run.memory_gib, attempt)


def minutes(stage):
    """What a job of a stage asks a cluster for; nothing counts it on one machine."""
    return lambda wildcards, attempt: cluster.minutes(stage, SCALE, attempt, ROOT / "config" / "walltimes.yaml")


def gpus(wildcards):
    """One a job where the settings ask for CUDA; no such resource otherwise."""
    return 1 if SETTINGS.run.device == "cuda" else None


def tell(message):
    print(f"\n{message}\n", file=sys.stderr, flush=True)


def begin():
    """Refuse beside another run or on a disk that is too small; print what the run needs; write its settings."""
    cores = CORES or preflight.MEASURED_CORES
    need = preflight.estimate(SETTINGS, SCALE, ROOT / "config" / "estimates.yaml", cores)
    try:
        alone.join_or_refuse(Path())
        tell(preflight.announce(need, cores, RUN))
    except RuntimeError as error:
        raise WorkflowError(str(error)) from None
    failures.end_without_deadlock()
    scheduler.look_when_a_job_ends(workflow)
    atexit.register(failed.tell_full_disk, RUN)
    for run in (THIS, *ALTERNATIVES.values()):  # their bases are written with them, and keep their numbers of seeds
        runs.write_run_settings(run)


def end(message):
    """Say how the run ended."""
    atexit.unregister(failed.tell_full_disk)
    tell(message)
