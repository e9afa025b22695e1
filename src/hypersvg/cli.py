"""The command line: what the workflow's rules, the Makefile and people call.

Heavy imports wait inside the commands, so that help and checks come at once.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from hypersvg.pipeline.failures import INTERRUPTED, HypersvgError, explained

RESULTS = Path("results")
CONFIG = Path("config")

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)
SettingsOption = Annotated[Path, typer.Option("--settings", help="settings.json of the run")]


@app.command()
def job(
    stage: str,
    arm: Annotated[str, typer.Option(help="method variant, see hypersvg.experiments.stages")],
    seeds: Annotated[str, typer.Option(help="block of seeds, first-last")],
    settings: SettingsOption,
    output: Annotated[Path, typer.Option(help="folder for tables, arrays and provenance.json")],
    images: Annotated[Path | None, typer.Option(help="the data stage's images.safetensors")] = None,
    trajectories: Annotated[Path | None, typer.Option(help="folder of the trajectories job of these seeds")] = None,
) -> None:
    """Run one method variant over one block of seeds."""
    from hypersvg.pipeline.jobs import Request, run_job

    run_job(Request(stage, arm, seeds, settings, output, images, trajectories))


@app.command()
def data(settings: SettingsOption, output: Annotated[Path, typer.Option(help="folder for the images")]) -> None:
    """Find, verify and split the images."""
    from hypersvg.pipeline.images_job import make_images

    make_images(settings, output)


@app.command()
def fashion(
    settings: SettingsOption,
    images: Annotated[Path, typer.Option(help="the data stage's images.safetensors, which may have to stand in")],
    output: Annotated[Path, typer.Option(help="folder for the images")],
) -> None:
    """Find, verify and split FashionMNIST."""
    from hypersvg.pipeline.fashion_job import make_fashion

    make_fashion(settings, images, output)


@app.command()
def gather(
    stage: str,
    table: str,
    files: list[Path],
    settings: SettingsOption,
    output: Annotated[Path, typer.Option(help="the gathered Parquet file")],
) -> None:
    """Gather a table of a stage's jobs; refuse missing rows."""
    from hypersvg.pipeline.gather import gather as gather_table

    gather_table(stage, table, settings, output, files)


@app.command()
def notebook(source: Path, results: Annotated[Path, typer.Option(help="folder of the run")]) -> None:
    """Execute one notebook on a run and keep it, its HTML and its exhibits."""
    from hypersvg.pipeline.notebooks import run_notebook

    run_notebook(source, results)


@app.command()
def preflight(
    targets: Annotated[list[str] | None, typer.Argument(help="stages or exhibits")] = None,
    config: Annotated[list[str] | None, typer.Option(help="key=value, as for Snakemake")] = None,
    cores: Annotated[int, typer.Option(min=1, help="cores the run may use")] = os.cpu_count() or 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="print no estimate, only what is wrong")] = False,
    profile: Annotated[str, typer.Option(help="folder of workflow/profiles: where the jobs run")] = "default",
) -> None:
    """Check a request, print its time and disk."""
    from hypersvg.pipeline import cluster
    from hypersvg.pipeline import preflight as checks
    from hypersvg.pipeline.settings_file import parse_request, resolve
    from hypersvg.settings import run_name

    request = parse_request(config or [])
    settings = resolve(CONFIG, request)
    checks.check_extensions(settings)
    checks.check_targets(targets or [], settings.run.group)
    cluster.check_profile(profile, Path())
    scale = str(request.get("scale", "default"))
    run = RESULTS / run_name(scale, request.get("variant"))
    estimate = checks.announce(checks.estimate(settings, scale, CONFIG / "estimates.yaml", cores), cores, run)
    if not quiet:
        typer.echo(estimate)


@app.command()
def why(
    target: Annotated[str, typer.Argument(help="a stage, an exhibit or all")] = "all",
    config: Annotated[list[str] | None, typer.Option(help="key=value, as for Snakemake")] = None,
) -> None:
    """Say what would run again, and for which reason."""
    from hypersvg.pipeline.preflight import check_targets
    from hypersvg.pipeline.settings_file import parse_request, resolve
    from hypersvg.pipeline.why import why as reasons

    request = parse_request(config or [])
    check_targets([target], resolve(CONFIG, request).run.group)
    typer.echo(reasons(target, request))


@app.command()
def alone(command: Annotated[list[str], typer.Argument(help="the run, behind --: -- snakemake all ...")]) -> None:
    """Become a command that is the only run in this checkout; what a killed run has left is cleared before."""
    from hypersvg.pipeline.alone import run_alone

    run_alone(Path(), command)


@app.command()
def conformance(
    controller: Annotated[str | None, typer.Option(help="file.py:Class, or the name of an entry point")] = None,
    task: Annotated[str | None, typer.Option(help="file.py:function, or the name of an entry point")] = None,
) -> None:
    """Run the conformance suite on a controller or a task of one's own (docs/extending.md)."""
    from hypersvg.conformance.report import report

    typer.echo(report(controller, task))


@app.command()
def claims(
    source: Annotated[Path, typer.Argument(help="the claims, config/claims.yaml or its like")],
    results: Annotated[Path, typer.Option(help="folder of the run")],
    sensitivity: Annotated[
        Path | None, typer.Option(help="sides of the claims under the ledger's alternatives")
    ] = None,
    paper: Annotated[bool, typer.Option("--paper", help="only the claims judged at the width of the thesis")] = False,
) -> None:
    """Judge the claims of a run's group on it."""
    from hypersvg.pipeline.claims_job import write_claims

    write_claims(source, results, sensitivity, paper)


@app.command()
def sensitivity(
    source: Annotated[Path, typer.Argument(help="the claims, config/claims.yaml")],
    variants: list[str],
    results: Annotated[Path, typer.Option(help="folder of the default run")],
) -> None:
    """Compare the ledger's alternatives with the default run of their scale."""
    from hypersvg.pipeline.sensitivity_job import write_sensitivity

    write_sensitivity(source, results, variants)


@app.command()
def compare(first: str, second: str) -> None:
    """Set the numbers of two result folders side by side, on screen and as CSV."""
    from hypersvg.pipeline.compare import compare as compare_runs

    typer.echo(f"all numbers: {compare_runs(RESULTS, first, second)}")


@app.command()
def provenance(
    run: str,
    table: Annotated[str, typer.Argument(help="an exhibit, a gathered table, or claims")] = "",
    row: Annotated[int | None, typer.Option(help="number of a row, from 0")] = None,
    where: Annotated[str, typer.Option(help="values of columns, for example: method=adaptive seed=3")] = "",
) -> None:
    """Show where the numbers of a table come from: jobs, settings, revision, machine, data."""
    from hypersvg.pipeline.ancestry import ancestry
    from hypersvg.pipeline.ancestry_text import as_text

    found = ancestry(RESULTS / run, table, row, where)
    typer.echo(as_text(found))
    if found.troubles:
        raise HypersvgError(f"{found.troubles[0]}; run its stage again")


@app.command()
def docs() -> None:
    """Regenerate the files that come from the types: default settings, their schema, the data dictionary."""
    from hypersvg.documents import write_documents

    write_documents(Path())


@app.command()
def identify(
    images: Annotated[Path, typer.Option(help="the data stage's images.safetensors")],
    processes: Annotated[int, typer.Option(help="worker processes of one thread; the results do not depend on it")] = 2,
) -> None:
    """Identify the inner protocol from the thesis's grid and random rows; 22 minutes on 2 cores."""
    from hypersvg.pipeline.identify import identify as identify_protocol

    typer.echo(f"{identify_protocol(Path(), images, processes)} is up to date")


@app.command(name="step-times")
def step_times(run: str) -> None:
    """Time a few steps of a run's long stages and multiply them out; needs its data and trajectories."""
    from hypersvg.experiments.job import Job
    from hypersvg.experiments.step_times import step_times as timed
    from hypersvg.pipeline.settings_file import read_settings

    folder = RESULTS / run
    data_sets = sorted((folder / "jobs" / "trajectories" / "all").glob("seeds-000-*"))
    if not data_sets:
        raise ValueError(f"{folder} holds no trajectories; run `make trajectories SCALE={run}` first")
    images = folder / "data" / "images.safetensors"
    job = Job(read_settings(folder / "settings.json"), "all", (0,), folder, images, data_sets[0])
    typer.echo(timed(job).to_markdown(index=False, floatfmt=".2f"))


@app.command()
def bench(
    source: Annotated[Path, typer.Argument(help="pytest-benchmark's JSON, made by `make bench`")],
    device: Annotated[str, typer.Option(help="where it was measured, cpu or cuda")] = "cpu",
    dacbench: Annotated[Path | None, typer.Option(help="what benchmarks/dacbench_peer.py measured")] = None,
    show: Annotated[bool, typer.Option("--show", help="print the table, write nothing")] = False,
) -> None:
    """Bring the benchmarks of a run into results/reference and docs/performance.md."""
    from hypersvg.pipeline.benchmarks import lines_of, write_benchmarks
    from hypersvg.pipeline.benchmarks_table import section

    lines = lines_of(source, dacbench)
    typer.echo(section(lines))
    if not show:
        write_benchmarks(Path(), device, lines)


@app.command()
def check(run: str) -> None:
    """Compare a finished run with its committed reference; fails where a number drifted."""
    from hypersvg.pipeline.gate.check import check as checked

    typer.echo(checked(Path(), run))


@app.command()
def accept(run: str) -> None:
    """Make a finished run the reference that is committed, in the README, REPLICATION.md and the changelog as well."""
    from hypersvg.documents import write_documents
    from hypersvg.pipeline.gate.accept import accept as accepted
    from hypersvg.pipeline.replication import write_report

    said = accepted(Path(), run)
    write_documents(Path())
    write_report(Path())
    typer.echo(said)


@app.command()
def report(run: str) -> None:
    """Write a finished run as one page, results/<run>/report.html, that needs nothing but itself."""
    from hypersvg.pipeline.report.page import write_page

    path = write_page(Path(), run)
    typer.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


def main() -> None:
    """Run the command line; every failure ends in one sentence and a non-zero status."""
    with explained():
        if app(standalone_mode=False) == INTERRUPTED:
            raise KeyboardInterrupt


if __name__ == "__main__":
    main()
