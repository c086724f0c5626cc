"""What only a browser can say, of labs, decks and the site: `make browser-test`. Skipped where there is no Chromium."""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

from helpers import photo, to_pil
from helpers.make.labs import copy_to, repository
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
    assert page.evaluate("[...document.querySelectorAll('section section li')].every(item => item.textContent.trim())")
    assert page.evaluate("""[...document.querySelectorAll('section section')].every(
        slide => slide.querySelectorAll('details').length < 2)"""), "of two codes in one place one can't be read"


def test_a_slide_folds_its_code_away_and_shows_it(page):
    page.goto(built(BUILD / "slides" / "05_saliency.html"))
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    page.keyboard.press("Space")
    fold = page.locator("section.present details").last
    assert not fold.evaluate("each => each.open")
    page.keyboard.press("c")
    assert fold.evaluate("each => each.open")
    assert page.evaluate("document.querySelectorAll('details[open]').length") == 1, "other slides keep theirs folded"


def test_a_deck_prints_a_page_for_each_slide(page):
    page.goto(built(BUILD / "slides" / "05_saliency.html"))
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    slides = page.evaluate("Reveal.getTotalSlides()")
    page.goto(page.url.partition("#")[0] + "?print-pdf")
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == slides


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


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_legible_and_needs_no_mouse(page, name):
    """By axe-core's rules of WCAG 2 (contrast, names, a keyboard's reach), on light and on dark ground."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs `pip install -e .[browser]`").Axe()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(built(BUILD / "site" / name))
        page.add_style_tag(content="* {transition: none !important}")  # a color on its way is none
        page.wait_for_load_state()
        found = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "preload": False}).response
        assert "color-contrast" in [rule["id"] for rule in found["passes"]]
        assert not [(rule["id"], rule["nodes"][0]["target"]) for rule in found["violations"]]
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.url.endswith("#main-content"), "the first Tab should lead past the menus"


def test_a_reader_finds_a_notebook(page):
    page.goto(built(BUILD / "site" / "index.html"))
    page.locator("article a:has-text('Saliency')").click()
    page.wait_for_selector("article h1:has-text('05')")
    page.locator(".search-button-field, .search-button__button").first.click()
    page.locator("input[type=search]:visible").fill("occlusion")
    page.keyboard.press("Enter")
    page.wait_for_selector("#search-results a[href*='05_saliency']", timeout=30_000)


@pytest.mark.parametrize("name", NAMES)
def test_launch_buttons_lead_to_the_lab(page, name):
    page.goto(built(BUILD / "site" / "notebooks" / f"{name}.html"))
    host, owner, project = repository().rsplit("/", 2)
    addresses = page.evaluate("[...document.querySelectorAll('.article-header-buttons a')].map(link => link.href)")
    assert host == "https://github.com"
    assert f"https://mybinder.org/v2/gh/{owner}/{project}/main?urlpath=lab/tree/labs/{name}.ipynb" in addresses
    assert f"https://colab.research.google.com/github/{owner}/{project}/blob/main/labs/{name}.ipynb" in addresses


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory):
    """The address of a JupyterLab on a student's copy of the labs, and the folder. The first exercise of 01 is solved."""
    folder = tmp_path_factory.mktemp("meine Übungen")
    copy_to(folder)
    solved, mine = (nbformat.read(place / "01_weights.ipynb", as_version=4) for place in (NOTEBOOKS, folder))
    solution = next(cell for cell in solved.cells if "### BEGIN SOLUTION" in cell.source)
    next(cell for cell in mine.cells if cell.id == solution.id).source = solution.source
    nbformat.write(mine, folder / "01_weights.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    limit = re.search(r"--ServerApp\.tornado_settings='(.*)'", (NOTEBOOKS.parent / "Makefile").read_text())[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}",
               "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}", f"--ServerApp.tornado_settings={limit}"]
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}/lab/tree/"
    yield address
    server.terminate()
    server.wait()


@pytest.fixture
def lab(chromium, jupyter, request):
    page = chromium.new_page(viewport={"width": 1280, "height": 900})
    yield page
    page.screenshot(path=BUILD / "screenshots" / f"{request.node.name}.png")
    page.close()


def open_lab(page, address):
    for _ in range(60):
        try:
            page.goto(address + "?reset")
            break
        except Exception:
            time.sleep(1)  # the server begins
    page.wait_for_selector(".jp-Notebook", timeout=60_000)


def test_the_start_page_leads_to_a_lab(lab, jupyter):
    open_lab(lab, jupyter + "START.ipynb")
    links = lab.locator(".jp-Notebook a[href*='.ipynb']")
    links.first.wait_for(timeout=30_000)
    assert links.count() == 12
    links.first.click()
    lab.wait_for_selector(".jp-Notebook h1:has-text('01')", timeout=60_000)
    assert not lab.locator("text=Would you like to get notified").count(), "Jupyter's question covers a corner"


def test_a_lab_runs_to_its_end_and_checks_what_is_solved(lab, jupyter):
    open_lab(lab, jupyter + "01_weights.ipynb")
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    lab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='busy']", timeout=60_000)
    lab.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']", timeout=280_000)
    outputs = "\n".join(lab.evaluate("""[...document.querySelectorAll('.jp-OutputArea-output')].map(each => each.textContent)"""))
    images = lab.evaluate("""[...document.querySelectorAll('.jp-OutputArea-output figure img, .jp-RenderedHTML img')].map(each => each.alt)""")
    assert "✓ exercise 1 of" in outputs
    assert images and all(images)
    before = shown(lab)
    lab.locator(".jp-OutputArea .widget-slider .ui-slider, .jp-OutputArea .noUi-handle").last.press("ArrowRight")
    wait_for_another(lab, before)


def shown(page):
    """What the last explorer shows."""
    return page.locator("img.widget-image").last.get_attribute("src")


def wait_for_another(page, before):
    page.wait_for_function("before => [...document.querySelectorAll('img.widget-image')].at(-1).src != before", arg=before,
                           timeout=30_000)


def encoded(image, kind, **options):
    """The bytes of a picture's file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def test_photos_are_uploaded(lab, jupyter):
    open_lab(lab, jupyter + "02_nearest_neighbors.ipynb")
    cell = lab.locator(".jp-CodeCell:has-text('Explorer(draw, picture')")
    cell.locator(".jp-InputArea-editor").click()
    lab.get_by_role("menuitem", name="Run", exact=True).click()
    lab.get_by_role("menuitem", name="Run All Above Selected Cell").click()
    cell.locator(".jp-InputArea-editor").click()
    lab.keyboard.press("Shift+Enter")
    picture = cell.locator("img.widget-image")
    picture.wait_for(timeout=180_000)

    def uploaded(name, content):
        """What the explorer shows and says when it has drawn the file: the picture's bytes, the message."""
        before = shown(lab)
        with lab.expect_file_chooser() as chooser:
            cell.locator(".widget-upload").click()
        chooser.value.set_files({"name": name, "mimeType": "image/png", "buffer": content})
        wait_for_another(lab, before)
        drawn = lab.evaluate("address => fetch(address).then(got => got.arrayBuffer()).then(all => [...new Uint8Array(all)])",
                             shown(lab))
        return bytes(drawn), cell.locator(".widget-vbox > .widget-label").text_content()

    cup, exif = to_pil(photo("cup", 256)), Image.Exif()
    exif[0x0112] = 6  # "turn me by 90 degrees to the right"
    upright, said = uploaded("upright.png", encoded(cup, "PNG"))
    assert not said
    alone, said = uploaded("letter.png", b"Dear course")
    assert "not a picture" in said and alone != upright
    turned, said = uploaded("turned.png", encoded(cup.transpose(Image.Transpose.ROTATE_90), "PNG", exif=exif))
    assert turned == upright and not said
    huge, said = uploaded("huge.png", encoded(Image.new("L", (8000, 7000)), "PNG"))
    assert "50 million" in said and huge == alone
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (2400, 2400, 3), dtype=np.uint8))
    photo_of_a_phone, said = uploaded("phone.jpg", encoded(noise, "JPEG", quality=100))  # 11 MB
    assert not said and photo_of_a_phone not in (alone, upright)
