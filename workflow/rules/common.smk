# What all rules share; no rule here.
#
# Inputs   config/scales/<scale>.yaml, config/variants/<variant>.yaml and --config scale= variant= seeds= device=
# Outputs  results/<run>/settings.json when a run starts, with run = <scale> or <scale>+<variant>
# Steps    1. resolve and validate the settings; anything unknown ends here, in one sentence
#          2. name the files of the run, its jobs and the sources each stage depends on
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError

from hypersvg.experiments.stages import (
    STAGES,
    TABLE_FILES,
    block_settings,
    seed_blocks,
)
from hypersvg.pipeline import environment, failed, preflight, settings_file, sources
from hypersvg.pipeline.exhibits_index import EXHIBITS, NOTEBOOKS, exhibit_files
from hypersvg.settings import run_name

ROOT = Path(workflow.basedir)
ROOT = ROOT.parent if ROOT.name == "workflow" else ROOT
SCALE = str(config.get("scale", "default"))

try:
    SETTINGS = settings_file.resolve(ROOT / "config", config)
except (ValueError, RuntimeError) as error:
    sys.exit(f"hypersvg: {error}")

RUN = Path("results", run_name(SCALE, config.get("variant")))
LOCK = "envs/lock.txt"
IMAGES = RUN / "data" / "images.safetensors"
MANIFEST = RUN / "data" / "manifest.json"

environment.use_this_checkout(ROOT)


wildcard_constraints:
    arm=r"[A-Za-z0-9_]+",
    first=r"\d{3}",
    last=r"\d{3}",


JOB = (
    "python -m hypersvg job {params.stage} --arm {wildcards.arm} --seeds {wildcards.first}-{wildcards.last}"
    " --settings {params.run}/settings.json --output {params.folder} > {log} 2>&1"
)
JOB_ON_IMAGES = JOB.replace(" --output", " --images {input.images} --output")
JOB_ON_TRAJECTORIES = JOB_ON_IMAGES.replace(" --output", " --trajectories {params.data_set} --output")


def code(module):
    """Sources of a module and of what it imports, and the lock: a change of their content reruns the stage."""
    return [*sources.source_files(module, ROOT), LOCK]


def stage_code(stage):
    return code(STAGES[stage].module)


def job_file(stage, name, arm="{arm}"):
    """Pattern of one file of the jobs of a stage."""
    return RUN / "jobs" / stage / arm / "seeds-{first}-{last}" / name


def job_folder(wildcards, output):
    return Path(output.provenance).parent


def job_log(stage):
    return RUN / "logs" / stage / "{arm}-seeds-{first}-{last}.log"


def job_params(stage):
    """The settings behind a stage as one named dictionary: Snakemake compares params as a set of values."""
    return {stage: block_settings(stage, SETTINGS)}


def job_files(stage, table):
    """The files of a table that all jobs of a stage write, in the order of arms and seeds."""
    spec = STAGES[stage]
    blocks = seed_blocks(SETTINGS) if spec.by_seed else [(0, 0)]
    return [
        str(job_file(stage, f"{table}.parquet")).format(arm=arm, first=f"{first:03d}", last=f"{last:03d}")
        for arm in spec.arms_of(table, SETTINGS)
        for first, last in blocks
    ]


def table_file(name):
    return RUN / "tables" / f"{name}.parquet"


def stage_tables(stage):
    """All gathered tables of a stage."""
    return [table_file(TABLE_FILES[stage, table]) for table in STAGES[stage].all_tables(SETTINGS)]


def exhibit_outputs(exhibits):
    return [RUN / "exhibits" / file for exhibit in exhibits for file in exhibit_files(exhibit)]


def memory_mb(wildcards):
    return int(SETTINGS.run.memory_gib * 1024)


def tell(message):
    print(f"\n{message}\n", file=sys.stderr, flush=True)


def begin():
    """Print what the run needs, refuse when the disk is too small, and write the settings that all jobs read."""
    cores = workflow.cores or 1
    need = preflight.estimate(SETTINGS, SCALE, ROOT / "config" / "estimates.yaml", cores)
    try:
        tell(preflight.announce(need, cores, RUN))
    except RuntimeError as error:
        raise WorkflowError(str(error)) from None
    settings_file.write_settings(SETTINGS, RUN / "settings.json")
