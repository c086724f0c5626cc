"""What only a browser can say, of the decks and the site: `make browser-test`. Skipped where there is no Chromium."""

import os
import shutil
from pathlib import Path

import pytest

from helpers.make.notebooks import NOTEBOOKS

pytestmark = pytest.mark.browser
BUILD = NOTEBOOKS.parent / "build"
NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs `pip install -e .[browser]`")
    if not CHROMIUM:
        pytest.skip("there is no Chromium; CHROMIUM names one")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, request):
    """A page without a network; at the end it must have asked no host for anything, and met no error."""
    page, asked, errors = chromium.new_page(viewport={"width": 1280, "height": 760}), [], []
    page.on("request", lambda each: each.url.startswith(("data:", "file:", "blob:")) or asked.append(each.url))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type != "error" or errors.append(message.text))
    yield page
    shots = BUILD / "screenshots"
    shots.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=shots / f"{request.node.name.replace('/', '_')}.png")
    page.close()
    assert not asked and not errors


def built(path):
    if not path.exists():
        pytest.skip(f"{path.relative_to(BUILD.parent)} is not built: `make slides`, `make site`")
    return f"file://{path}"


@pytest.mark.parametrize("name", NAMES)
def test_no_slide_overflows(page, name):
    page.goto(built(BUILD / "slides" / f"{name}.html"))
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    slides = page.evaluate("""[...document.querySelectorAll(".slides > section > section")].map(slide =>
        [slide.dataset.size, slide.dataset.overflows, slide.textContent.trim().slice(0, 40)])""")
    assert len(slides) > 20
    assert not [text for size, overflows, text in slides if overflows == "true" or float(size) < 0.75]


def test_a_slide_folds_its_code_away_and_shows_it(page):
    page.goto(built(BUILD / "slides" / "05_saliency.html"))
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    page.keyboard.press("Space")
    fold = page.locator("section.present details").last
    assert not fold.evaluate("each => each.open")
    page.keyboard.press("c")
    assert fold.evaluate("each => each.open")


PAGES = ["index.html", "docs/setup.html", "docs/instructors.html", "data/README.html",
         *(f"notebooks/{name}.html" for name in NAMES)]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site_stands_alone(page, name):
    page.goto(built(BUILD / "site" / name))
    page.wait_for_load_state()
    without_alt = page.evaluate("""[...document.querySelectorAll("article img")].filter(image => !image.alt).length""")
    links = page.evaluate("""[...document.querySelectorAll("article a[href], nav a[href]")].map(link => link.href)""")
    files = {Path(link.partition("#")[0].removeprefix("file://")) for link in links if link.startswith("file:")}
    assert not without_alt and not [file for file in files if not file.exists()]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
