"""The report of a run: complete, self-contained, harmless, the same for the same files; what is missing is named."""

import base64
import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import pytest
from checkout import ROOT
from html_page import Element, Page
from synthetic_report import DRAWING, REVISION, write_finished, write_sidecar
from synthetic_run import STAMP

from hypersvg.claims.claim import load_claims
from hypersvg.experiments.stages import stages_of
from hypersvg.pipeline.exhibits_index import exhibit_files, exhibits_of, notebooks_of
from hypersvg.pipeline.failures import HypersvgError
from hypersvg.pipeline.report import page as report
from hypersvg.pipeline.report.claims import WIDTH, ends, plot
from hypersvg.pipeline.report.graph import graph

POISON = '<script>alert("x")</script><img src="http://evil.example/x.png" onerror="y()">[k](javascript:z())'


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_finished(tmp_path_factory.mktemp("results") / "tiny")


@pytest.fixture(scope="module")
def text(finished: Path) -> str:
    return report.page(ROOT, finished)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("results") / "tiny"
    return report.page(ROOT, write_finished(folder, stand_in=True, poison=POISON))


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A run of one's own to break, in a checkout of its own."""
    (tmp_path / "config").mkdir()
    shutil.copy(ROOT / "config" / "claims.yaml", tmp_path / "config")
    return Path(shutil.copytree(finished, tmp_path / "results" / "tiny"))


def records(run: Path) -> list[dict]:
    return json.loads((run / "claims.json").read_text(encoding="utf-8"))


def rows(element: Element) -> list[list[str]]:
    """The cells of the first table inside an element."""
    table = element.find("table")[0]
    return [[cell.text for cell in row.children] for row in table.find("tbody")[0].find("tr")]


def test_every_claim_stands_there_once_with_its_verdict_numbers_reason_and_exhibit(finished, page):
    found = records(finished)
    assert {record["id"] for record in found} == {claim.id for claim in load_claims(ROOT / "config" / "claims.yaml")}
    for record in found:
        claim = page.by_id(f"claim-{record['id']}")
        assert claim.attributes["data-verdict"] == record["verdict"]
        assert record["verdict"] in claim.find("p")[0].text
        assert record["why"].replace("``", "") in claim.text
        assert record["quote"] in claim.text
        assert ("data-fragile" in claim.attributes) == bool(record["flips"])
        assert claim.find("a", href=f"#{record['exhibit']}")
    first = page.by_id(f"claim-{found[0]['id']}")
    numbers = {term.text: value.text for term, value in zip(first.find("dt"), first.find("dd"), strict=True)}
    assert numbers["Must be"] == "above 0.5"
    assert numbers["Ours"] == "1.5 [1.4, 1.6]"
    assert numbers["Thesis"] == "–"


def test_the_filter_offers_every_verdict_that_is_there_with_its_count(finished, page, text):
    found = [record["verdict"] for record in records(finished)]
    labels = {label.text.strip() for label in page.by_id("claims").find("fieldset")[0].find("label")}
    counted = {f"{verdict} {found.count(verdict)}" for verdict in found}
    assert labels == {f"all {len(found)}", "only fragile ones", *counted}
    for verdict in set(found):
        assert f'#only-{verdict.replace(" ", "-")}:checked) :is(.claim:not([data-verdict="{verdict}"])' in text


def test_every_exhibit_stands_there_with_its_words_caption_picture_and_data(finished, page):
    for name in exhibits_of("thesis"):
        exhibit = page.by_id(name)
        assert exhibit.find("h4")[0].text.startswith(f"Heading of {name}")
        assert f"What is seen in {name}." in exhibit.find("figcaption")[0].text
        link = next(link for link in exhibit.find("a") if "download" in link.attributes)
        assert link.attributes["download"] == f"{name}.csv"
        head, _, data = link.attributes["href"].partition(",")
        assert head == "data:text/csv;charset=utf-8"
        assert unquote(data) == (finished / "exhibits" / f"{name}.csv").read_text(encoding="utf-8")
        assert rows(exhibit.find("details")[0])[0] == [name, "0,5", "ünïcode"]
        pictures = exhibit.find("img")
        assert len(pictures) == name.startswith("fig_")
        for picture in pictures:
            assert picture.attributes["alt"] == f"Title of {name}. What is seen in {name}."
            assert base64.b64decode(picture.attributes["src"].partition(",")[2]).decode() == DRAWING


def test_an_exhibit_names_the_claims_that_are_seen_in_it(finished, page):
    for name in exhibits_of("thesis"):
        expected = [f"#claim-{record['id']}" for record in records(finished) if record["exhibit"] == name]
        links = [link.attributes["href"] for link in page.by_id(name).find("a")]
        assert sorted(link for link in links if link.startswith("#claim-")) == sorted(expected)


def test_ids_are_unique_and_every_link_leads_to_one_or_is_data(page):
    names = [element.attributes["id"] for element in page.root.find() if "id" in element.attributes]
    assert len(names) == len(set(names))
    links = [element.attributes["href"] for element in page.root.find() if "href" in element.attributes]
    assert len(links) > 100
    for link in links:
        assert link.startswith("data:") or link.removeprefix("#") in names, link[:80]


def assert_harmless(text: str) -> None:
    """Nothing runs, and nothing but data URLs is loaded."""
    for element in Page(text).root.find():
        assert element.tag not in ("script", "iframe", "object", "embed", "form", "base")
        assert not [name for name in element.attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = element.attributes.get(name, "#")
            assert value.startswith(("#", "data:image/svg+xml;base64,", "data:text/csv;")) or value == "data:,", value
        if element.tag == "style":
            assert not re.search(r"url\(|@import", element.text)
    assert "default-src 'none'" in text


def test_the_page_loads_nothing_and_runs_nothing(text):
    assert_harmless(text)


def test_markup_in_any_data_is_shown_and_does_nothing(poisoned):
    assert_harmless(poisoned)
    page = Page(poisoned)
    assert POISON in page.by_id("fig_4_01").find("figcaption")[0].text
    assert POISON in page.by_id("table_4_2").find("figcaption")[0].find("td")[0].text
    assert POISON.replace('"', "") in page.by_id("fig_4_01").find("details")[0].text.replace('"', "")
    assert POISON in page.by_id("claim-toy_imitation").find("h4")[0].text
    assert POISON in page.by_id("claim-toy_imitation").find("blockquote")[0].text
    assert POISON in page.by_id("chapter-toy").find("h3")[0].text
    assert POISON in page.by_id("provenance").text


def test_stand_in_data_are_stamped_and_mnist_is_not(poisoned, text):
    (stamp,) = Page(poisoned).root.find("p", **{"class": "stamp"})
    assert stamp.text.strip() == STAMP + POISON
    assert STAMP not in text


def test_the_same_files_give_the_same_bytes_whenever_they_are_read(finished, text, tmp_path):
    again = Path(shutil.copytree(finished, tmp_path / "tiny", copy_function=shutil.copyfile))
    assert report.page(ROOT, again) == text


def test_another_number_gives_another_page(run, text):
    found = records(run)
    found[0]["ours"] = 1.2345
    (run / "claims.json").write_text(json.dumps(found), encoding="utf-8")
    assert report.page(ROOT, run) != text


@pytest.mark.parametrize(
    "file",
    [
        *("settings.json", "tables/manifest.json", "claims.json", "notebooks/offline.ipynb"),
        *(f"exhibits/{file}" for name in ("fig_4_08", "table_4_4") for file in exhibit_files(name)),
    ],
)
def test_a_missing_file_is_named_with_what_makes_it_and_an_older_page_stays(file, run):
    (run / "report.html").write_text("old", encoding="utf-8")
    (run / file).unlink()
    with pytest.raises(HypersvgError, match=rf"{re.escape(file)} is missing; `make replicate SCALE=tiny` makes it"):
        report.write_page(run.parents[1], "tiny")
    assert (run / "report.html").read_text(encoding="utf-8") == "old"


def test_a_variant_is_finished_by_its_own_command():
    assert report.command("smoke+sgd") == "make replicate SCALE=smoke VARIANT=sgd"


def test_the_page_is_written_whole_and_alone(run):
    path = report.write_page(run.parents[1], "tiny")
    assert path == run / "report.html"
    assert path.read_text(encoding="utf-8") == report.page(run.parents[1], run)
    assert not list(run.glob(".*"))


def test_a_run_without_provenance_is_refused(run):
    for path in run.rglob("*provenance.json"):
        path.unlink()
    with pytest.raises(ValueError, match=r"holds no provenance\.json"):
        report.page(ROOT, run)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("claims.json", "[{", r"claims\.json is damaged .*; delete it and run `make claims`"),
        ("claims.json", "{}", r"claims\.json must hold a JSON list"),
        ("claims.json", '[{"id": "unheard_of"}]', r"claims\.json has 'unheard_of', .*claims\.yaml does not"),
        ("settings.json", '{"svg": {"widht": 3}}', r"settings\.json is of another version"),
        ("notebooks/toy.ipynb", '{"cells": []}', r"toy\.ipynb shows no fig_4_01; run `make fig_4_01`"),
        ("notebooks/toy.ipynb", "{", r"toy\.ipynb cannot be read"),
        ("exhibits/fig_4_01.csv", "", r"fig_4_01\.csv holds no table; run `make fig_4_01`"),
        ("data/provenance.json", "{", r"data/provenance\.json is damaged"),
    ],
)
def test_a_damaged_file_is_named(file, content, sentence, run):
    (run / file).write_text(content, encoding="utf-8")
    with pytest.raises((HypersvgError, ValueError), match=sentence):
        report.page(ROOT, run)


def test_settings_that_differ_come_first_and_are_exactly_those_that_differ(page):
    settings = page.by_id("settings")
    assert [row[:3] for row in rows(settings)] == [["run.seeds", "7", "6"], ["svg.width", "32", "128"]]
    every = rows(settings.find("details")[0])
    assert ["run.seeds", "7"] in [row[:2] for row in every]
    assert len(every) > 80
    assert all(row[2] for row in every), "a setting without its meaning"


def test_provenance_tells_revisions_machines_and_uncommitted_changes(run, page):
    assert "All were made at one revision." in page.by_id("provenance").text
    assert "with uncommitted changes" not in page.root.text
    changed = {"git": {"revision": "f" * 40, "dirty": True}, "machine": {"cores": 64}, "versions": {"torch": "3.0"}}
    write_sidecar(run / "jobs" / "online" / "adaptive" / "seeds-000-005" / "provenance.json", **changed)
    mixed = Page(report.page(ROOT, run))
    assert "with uncommitted changes" in mixed.root.find("header")[0].text
    provenance = mixed.by_id("provenance")
    assert "They were made at 2 revisions." in provenance.text
    stages = {row[0]: row[1:] for row in rows(provenance)}
    assert stages["online"][:3] == ["1", "f" * 10, "yes"]
    assert stages["online"][5] == "64 cores, cpu"
    assert stages["notebooks"][:3] == [str(len(notebooks_of("thesis"))), REVISION[:10], "no"]
    assert "2.13, 3.0" in provenance.text


def test_the_jobs_that_a_variant_uses_of_its_base_are_among_its_provenance(run):
    base = run.parent / "base" / "jobs" / "ppo" / "dense" / "seeds-000-005"
    write_sidecar(base / "provenance.json", git={"revision": "b" * 40, "dirty": False})
    gathered = {"results/base/jobs/ppo/dense/seeds-000-005/runs.parquet": "0"}
    write_sidecar(run / "tables" / "ppo_runs.provenance.json", inputs=gathered)
    provenance = Page(report.page(run.parents[1], run)).by_id("provenance")
    assert {row[0]: row[2] for row in rows(provenance)}["ppo"] == "b" * 10
    assert "base/jobs/ppo/dense/seeds-000-005" in [row[0] for row in rows(provenance.find("details")[0])]


def test_run_times_are_those_of_the_sidecars(page):
    seconds = {row[0]: float(row[2]) for row in rows(page.by_id("times"))}
    assert seconds["all jobs"] == 2.0 * (3 + len(notebooks_of("thesis")))
    assert seconds["online"] == 2.0


def test_the_graph_has_every_stage_and_notebook_once_and_each_reads_what_is_before_it():
    drawn = graph("thesis", {})
    places = {box.name: box.x for box in drawn.boxes}
    assert sorted(places) == sorted(
        ["data", "claims", *stages_of("thesis"), *(f"notebook {name}" for name in notebooks_of("thesis"))]
    )
    assert drawn.reads["offline"] == ["data", "trajectories"]
    assert drawn.reads["toy"] == []
    assert drawn.reads["notebook toy"] == ["toy"]
    assert set(drawn.reads["notebook tables"]) == {"trajectories", "ppo", "offline", "online", "baselines"}
    assert all(places[source] < places[name] for name, sources in drawn.reads.items() for source in sources)
    assert len(drawn.paths) == sum(len(sources) for sources in drawn.reads.values())
    corners = {(box.x, box.y) for box in drawn.boxes}
    assert len(corners) == len(drawn.boxes)


def test_a_drawn_interval_lies_in_the_drawn_region_exactly_where_the_verdict_says_so(finished):
    claims = {claim.id: claim for claim in load_claims(ROOT / "config" / "claims.yaml")}
    verdicts = set()
    for record in records(finished):
        drawn = plot(record, claims[record["id"]])
        if record["verdict"] == "not testable":
            assert drawn is None
            continue
        low, high = drawn.region
        inside = low <= drawn.family[0] and drawn.family[1] <= high
        outside = drawn.family[1] <= low or high <= drawn.family[0]
        expected = {"supported": (True, False), "contradicted": (False, True), "inconclusive": (False, False)}
        if record["verdict"] in expected:
            assert (inside, outside) == expected[record["verdict"]], record["id"]
        verdicts.add(record["verdict"])
        assert drawn.family[0] < drawn.interval[0] < drawn.ours < drawn.interval[1] < drawn.family[1]
        assert (low == 0.0, high == WIDTH) == tuple(abs(end) == float("inf") for end in ends(claims[record["id"]]))
    assert verdicts == {"supported", "contradicted", "inconclusive", "direction only"}
