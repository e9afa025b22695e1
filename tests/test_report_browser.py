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

try:
    from playwright import sync_api
except ImportError:
    sync_api = None

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
WIDTHS = (400, 1400)
PATIENCE = 120_000
"""Milliseconds after which a busy machine is taken for a browser that hangs."""

pytestmark = [
    pytest.mark.skipif(sync_api is None, reason="Playwright is not installed; `make environment` does it"),
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium on the PATH (Debian: apt-get install chromium) nor in CHROMIUM=<path>",
    ),
]


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


@pytest.fixture(scope="module")
def seen(browser: Any, file: Path) -> Iterator[Any]:
    """The report to look at; ``complaints`` is what the browser said of it, ``asked`` what it wanted to load."""
    tab = browser.new_page()
    tab.set_default_timeout(PATIENCE)
    tab.complaints, tab.asked = [], []
    tab.on("console", lambda message: tab.complaints.append(message.text))
    tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
    tab.on("requestfailed", lambda request: tab.complaints.append(f"failed: {request.url[:80]}"))
    tab.on("request", lambda request: tab.asked.append(request.url))
    tab.goto(file.as_uri())
    yield tab
    tab.close()


@pytest.fixture
def used(browser: Any, file: Path) -> Iterator[Any]:
    """The report to use, as it opens."""
    tab = browser.new_page(viewport={"width": max(WIDTHS), "height": 900})
    tab.set_default_timeout(PATIENCE)
    tab.goto(file.as_uri())
    yield tab
    tab.close()


def test_the_browser_has_nothing_to_complain_of_and_asks_nobody(seen, file):
    seen.wait_for_load_state("networkidle")
    assert seen.complaints == []
    assert [url[:80] for url in seen.asked if not url.startswith("data:") and url != file.as_uri()] == []


def test_every_picture_is_loaded_and_has_words(seen):
    pictures = seen.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth, i.alt.length])")
    assert len(pictures) > 10
    assert all(complete and width > 0 and words > 0 for complete, width, words in pictures)


def test_every_link_in_the_page_leads_somewhere(seen):
    links = "[...document.querySelectorAll('a[href^=\"#\"]')].map(link => link.getAttribute('href').slice(1))"
    assert len(seen.evaluate(links)) > 100
    assert seen.evaluate(f"{links}.filter(id => !document.getElementById(id))") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window_even_unfolded(width, seen):
    seen.set_viewport_size({"width": width, "height": 900})
    seen.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert seen.evaluate("document.documentElement.scrollWidth") <= width
    text = "[...document.querySelectorAll('p, h1, h2, h3, h4, dd, summary')]"
    outside = f"{text}.filter(e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1)"
    assert seen.evaluate(f"{outside}.map(e => e.textContent.slice(0, 60))") == []
    assert seen.evaluate("[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)")


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


def test_the_keyboard_alone_skips_filters_and_unfolds(used):
    used.keyboard.press("Tab")
    assert focused(used)["kind"] == "skip"
    used.keyboard.press("Enter")
    assert used.url.endswith("#claims")
    assert tabs_to(used, tag="SUMMARY")["outline"] != "none"
    tabs_to(used, id="only-all")
    everything = shown(used)
    used.keyboard.press("ArrowDown")
    verdict = focused(used)["id"].removeprefix("only-").replace("-", " ")
    assert focused(used)["outline"] != "none"
    assert shown(used)
    assert len(shown(used)) < len(everything) or set(everything) == {verdict}
    assert shown(used) == [found for found in everything if found == verdict]
    tabs_to(used, tag="SUMMARY")
    used.keyboard.press("Enter")
    assert used.evaluate("document.activeElement.parentElement.open")


def test_a_link_to_a_claim_that_the_filter_hides_shows_it(used):
    everything = shown(used)
    if len(set(everything)) == 1:
        pytest.skip("all claims of this report have one verdict: the filter hides none")
    used.check(f"#only-{everything[0].replace(' ', '-')}")
    hidden = used.evaluate("[...document.querySelectorAll('.claim')].find(c => !c.checkVisibility()).id")
    used.evaluate(f"location.hash = '{hidden}'")
    assert used.is_visible(f"#{hidden}")


def test_the_data_behind_a_figure_is_one_file_away(used, file):
    used.click("#fig_4_01 details.data summary")
    with used.expect_download() as waiting:
        used.click("#fig_4_01 a[download]")
    saved = Path(waiting.value.path()).read_bytes()
    assert waiting.value.suggested_filename == "fig_4_01.csv"
    assert saved == (file.parent / "exhibits" / "fig_4_01.csv").read_bytes()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper_in_light_and_in_dark(scheme, seen):
    seen.emulate_media(color_scheme=scheme)
    colours = "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
    ink, paper = (luminance(colour) for colour in seen.evaluate(colours))
    assert (ink < paper) == (scheme == "light")
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 7, "WCAG's contrast for text"


def luminance(colour: str) -> float:
    """Relative luminance of ``rgb(r, g, b)``."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
