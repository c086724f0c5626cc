"""The course as a site that reads offline: all notebooks with their stored outputs, their decks, formulas and a search.

    python -m helpers.make.publish          # into build/site/, with the decks of helpers.make.slides

Binder and Colab take the labs from the repository that pyproject.toml states, or COURSE_REPOSITORY.
"""

import base64
import json
import os
import re
import shutil
import sys
from importlib.resources import files
from pathlib import Path

from sphinx.cmd.build import build_main

from helpers.make.labs import repository
from helpers.photos import DATA

ROOT, SETTINGS = DATA.parent, Path(__file__).parent / "site"
PAGES = ["docs/setup.md", "docs/instructors.md", "data/README.md", "CONTRIBUTING.md", "LICENSE-text-and-pictures.md"]
TREE = """
```{{toctree}}
:hidden:
:caption: The notebooks

{notebooks}
```
```{{toctree}}
:hidden:
:caption: More

{pages}
```
"""


def stage(folder):
    """Lay out in a folder what the site is made of: the README as its first page, notebooks, other pages, pictures."""
    shutil.rmtree(folder, ignore_errors=True)
    notebooks = sorted(ROOT.glob("notebooks/*.ipynb"))
    wanted = [*notebooks, *(ROOT / page for page in PAGES), *ROOT.glob("data/*.webp")]
    for path in wanted:
        place = folder / path.relative_to(ROOT)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    for path in notebooks:
        detach(folder / path.relative_to(ROOT))
    tree = TREE.format(notebooks="\n".join(f"notebooks/{path.stem}" for path in notebooks), pages="\n".join(PAGES))
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    page = re.sub(r"\[([^]]*)\]\((notebooks/|LICENSE)\)", r"\1", page)  # no pages of the site
    page = page.replace(", here or as a site (`make site`)", "").replace(
        "<address of this repository>", os.environ["COURSE_REPOSITORY"])
    decks = ", ".join(f'<a href="slides/{path.stem}.html">{path.stem[:2]}</a>' for path in notebooks)
    page = page.replace("\n## The folders\n", f"\nAs slides: {decks}.\n\n## The folders\n")
    (folder / "index.md").write_text(page + tree, encoding="utf-8")


def detach(path):
    """Put the pictures that a notebook carries in its texts beside it, for Sphinx doesn't find them there."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for number, cell in enumerate(notebook["cells"]):
        for name, (data,) in ((name, each.values()) for name, each in cell.pop("attachments", {}).items()):
            picture = f"{path.stem}_{number}_{name}"
            (path.parent / picture).write_bytes(base64.b64decode(data))
            cell["source"] = "".join(cell["source"]).replace(f"attachment:{name}", picture)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def main():
    build = ROOT / "build"
    source, site = build / "site-source", build / "site"
    os.environ.setdefault("COURSE_REPOSITORY", repository())
    stage(source)
    shutil.copytree(build / "slides", source / "extra" / "slides")
    (source / "static").mkdir()
    for path in (files("mathjax") / "static/mathjax/es5/tex-svg.js", SETTINGS / "course.css"):
        shutil.copyfile(path, source / "static" / path.name)
    os.environ |= {"COURSE_STATIC": str(source / "static"), "COURSE_EXTRA": str(source / "extra")}
    options = ["-q", "-W", "--keep-going", "-E", "-c", str(SETTINGS), "-d", str(build / "doctrees"), "-b", "html"]
    return build_main([*options, str(source), str(site)])


if __name__ == "__main__":
    sys.exit(main())
