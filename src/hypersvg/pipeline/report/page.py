"""The report of a finished run: everything that it has to show in one HTML file, a pure function of the run's files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2

from hypersvg.claims.document import ORDER
from hypersvg.pipeline.exhibits_index import EXHIBITS, exhibit_files, exhibits_of, notebooks_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.provenance import write_text
from hypersvg.pipeline.reference import distinct, group_of
from hypersvg.pipeline.replication import counts
from hypersvg.pipeline.report import claims, graph, origin
from hypersvg.pipeline.report.chapters import Chapter, chapters
from hypersvg.pipeline.report.markdown import html
from hypersvg.pipeline.timings import totals
from hypersvg.pipeline.timings_document import read_timings, shown
from hypersvg.reading.results import Results, plural
from hypersvg.settings.groups import CLAIMS

MARKS = {"supported": "✓", "contradicted": "✗", "inconclusive": "~", "direction only": "→", "not testable": "–"}
"""A verdict's sign, so that no verdict is told by colour alone."""


def write_page(root: Path, run: str) -> Path:
    """Write ``results/<run>/report.html`` in one step; where it is.

    Raises a sentence naming the first file that the run lacks, or what of it cannot be read; an older page then stays.
    """
    folder = root / "results" / run
    path = folder / "report.html"
    write_text(path, page(root, folder))
    return path


def page(root: Path, run: Path) -> str:
    """The page of the run in the folder ``run``; times in it are those of the sidecars."""
    require(run)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hypersvg.pipeline.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(**facts(root, run))


def require(run: Path) -> None:
    """Raise a sentence for the first file that an unfinished run lacks."""
    for path in needed(run):
        if not path.is_file():
            raise HypersvgError(f"{path} is missing; `{command(run.name)}` makes it, then `make report` goes on")


def needed(run: Path) -> Iterator[Path]:
    """Every file that the page shows."""
    yield from (run / "settings.json", run / "tables" / "manifest.json")
    group = group_of(run)
    yield from (run / "exhibits" / file for exhibit in exhibits_of(group) for file in exhibit_files(exhibit))
    yield from (run / "notebooks" / f"{name}.ipynb" for name in notebooks_of(group))
    yield run / "claims.json"


def command(name: str) -> str:
    """What finishes the run ``<scale>`` or ``<scale>+<variant>``."""
    scale, _, variant = name.partition("+")
    return f"make replicate SCALE={scale}{f' VARIANT={variant}' if variant else ''}"


def facts(root: Path, run: Path) -> dict[str, Any]:
    """Everything that the template asks for."""
    results, sidecars = Results(run), origin.made(root, run)
    found = claims.read_claims(run / "claims.json")
    group = results.settings.run.group
    groups = claims.judged(found, root / CLAIMS[group])
    table, sentences = read_timings(root, run)
    shows = chapters(run, group)
    return {
        "results": results,
        "counts": counts(found),
        "verdicts": [verdict for verdict in ORDER if any(record["verdict"] == verdict for record in found)],
        "marks": MARKS,
        "groups": groups,
        "method": html(claims.method_of(groups)),
        "plot_width": claims.WIDTH,
        "chapters": shows,
        "titles": {exhibit.name: exhibit.title for chapter in shows for exhibit in chapter.exhibits},
        "seen": seen(groups),
        "settings": origin.settings_of(results.settings),
        "sidecars": sidecars,
        "stages": origin.by_stage(sidecars),
        "versions": origin.versions_of(sidecars),
        "revisions": distinct(job.revision for job in sidecars),
        "dirty": any(job.dirty == "yes" for job in sidecars),
        "finished": max(job.finished for job in sidecars),
        "graph": graph.graph(group, notes(sidecars, shows, len(found))),
        "graph_size": graph.page(group),
        "box_size": (graph.WIDTH, graph.HEIGHT),
        "times": [html(sentence) for sentence in sentences],
        "times_by_stage": html(shown(totals(table)), "Times by stage"),
        "times_by_arm": html(shown(table), "Times by stage and arm"),
    }


def seen(groups: dict[str, list[claims.Judged]]) -> dict[str, list[claims.Judged]]:
    """The claims that are seen in every exhibit."""
    every = [found for members in groups.values() for found in members]
    return {name: [found for found in every if found.claim.exhibit == name] for name in EXHIBITS}


def notes(sidecars: list[origin.Made], shows: list[Chapter], count: int) -> dict[str, str]:
    """What every step of the graph did: jobs and seconds of the stages, exhibits of the notebooks, claims."""
    stages = dict.fromkeys(job.stage for job in sidecars)
    spent = {name: [job.seconds for job in sidecars if job.stage == name] for name in stages}
    return {
        **{name: f"{plural(len(seconds), 'job')}, {sum(seconds):,.0f} s" for name, seconds in spent.items()},
        **{f"notebook {chapter.name}": f"notebook, {plural(len(chapter.exhibits), 'exhibit')}" for chapter in shows},
        "claims": f"{plural(count, 'claim')}, from all stages",
    }
