"""The report in a real browser: no errors, all pictures, every link, both widths, the keyboard alone.

Checks a small synthetic report, or the file that ``REPORT`` names (`make report-check`). Skipped without Playwright or
without a Chromium; no browser is ever downloaded.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import ROOT
from synthetic_report import write_finished

from hypersvg.pipeline.report.page import page as report

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
WIDTHS = (400, 1400)

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (make environment)")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH (Debian: apt-get install chromium; elsewhere: CHROMIUM=<path>)"
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if given := os.environ.get("REPORT"):
        return Path(given).resolve(strict=True)
    run = write_finished(tmp_path_factory.mktemp("results") / "tiny")
    (run / "report.html").write_text(report(ROOT, run), encoding="utf-8")
    return run / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any, file: Path) -> Iterator[Any]:
    """The report at the wider width; ``opened.complaints`` is what the browser had to say and asked for."""
    tab = browser.new_page(viewport={"width": max(WIDTHS), "height": 900})
    tab.complaints = []
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("requestfailed", lambda request: tab.complaints.append(f"failed: {request.url[:80]}"))
    tab.asked = []
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(file.as_uri())
    yield tab
    tab.close()


def test_the_browser_has_nothing_to_complain_of_and_asks_nobody(opened, file):
    opened.wait_for_load_state("networkidle")
    assert opened.complaints == []
    assert [url[:80] for url in opened.asked if not url.startswith("data:") and url != file.as_uri()] == []


def test_every_picture_is_loaded_and_has_words(opened):
    pictures = opened.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert len(pictures) > 10
    assert all(complete and width > 0 and words > 0 for complete, width, words in pictures)


def test_every_link_in_the_page_leads_somewhere(opened):
    links = "[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.getAttribute('href').slice(1))"
    assert len(opened.evaluate(links)) > 100
    assert opened.evaluate(f"{links}.filter(id => !document.getElementById(id))") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window_even_unfolded(width, opened):
    opened.set_viewport_size({"width": width, "height": 900})
    opened.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    text = "[...document.querySelectorAll('p, h1, h2, h3, h4, dd, summary')]"
    outside = f"{text}.filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)"
    assert opened.evaluate(f"{outside}.map(e => e.textContent.slice(0, 60))") == []
    assert opened.evaluate("[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)")


def focused(tab: Any) -> dict[str, Any]:
    """Tag, id and class of the focused element, and whether one sees that it is."""
    return dict(
        tab.evaluate(
            "(e => ({tag: e.tagName, id: e.id, kind: e.className, outline: getComputedStyle(e).outlineStyle}))"
            "(document.activeElement)"
        )
    )


def tabs_to(tab: Any, **wanted: str) -> dict[str, Any]:
    """Press Tab until an element with these facts has the focus."""
    for _ in range(300):
        tab.keyboard.press("Tab")
        found = focused(tab)
        if wanted.items() <= found.items():
            return found
    raise AssertionError(f"Tab never reaches {wanted}")


def shown(tab: Any) -> list[str]:
    """The verdicts of the claims that can be seen."""
    claims = "[...document.querySelectorAll('.claim')].filter(c => c.checkVisibility())"
    return list(tab.evaluate(f"{claims}.map(c => c.dataset.verdict)"))


def test_the_keyboard_alone_skips_filters_and_unfolds(opened):
    opened.keyboard.press("Tab")
    assert focused(opened)["kind"] == "skip"
    opened.keyboard.press("Enter")
    assert opened.url.endswith("#claims")
    assert tabs_to(opened, tag="SUMMARY")["outline"] != "none"
    tabs_to(opened, id="only-all")
    everything = shown(opened)
    opened.keyboard.press("ArrowDown")
    verdict = focused(opened)["id"].removeprefix("only-").replace("-", " ")
    assert focused(opened)["outline"] != "none"
    assert 0 < len(shown(opened)) < len(everything)
    assert shown(opened) == [found for found in everything if found == verdict]
    tabs_to(opened, tag="SUMMARY")
    opened.keyboard.press("Enter")
    assert opened.evaluate("document.activeElement.parentElement.open")


def test_a_link_to_a_claim_that_the_filter_hides_shows_it(opened):
    everything = shown(opened)
    opened.check(f"#only-{everything[0].replace(' ', '-')}")
    hidden = opened.evaluate("[...document.querySelectorAll('.claim')].find(c => !c.checkVisibility()).id")
    opened.evaluate(f"location.hash = '{hidden}'")
    assert opened.is_visible(f"#{hidden}")


def test_the_data_behind_a_figure_is_one_file_away(opened, file):
    opened.click("#fig_4_01 details.data summary")
    with opened.expect_download() as waiting:
        opened.click("#fig_4_01 a[download]")
    saved = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == "fig_4_01.csv"
    assert saved == (file.parent / "exhibits" / "fig_4_01.csv").read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper_in_light_and_in_dark(scheme, opened):
    opened.emulate_media(color_scheme=scheme)
    colours = "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
    ink, paper = (luminance(colour) for colour in opened.evaluate(colours))
    assert (ink < paper) == (scheme == "light")
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 7, "WCAG's contrast for text"


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
