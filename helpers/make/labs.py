"""Rebuild `labs/`, the students' version: the notebooks without their solutions and outputs, and a page to start from.

    python -m helpers.make.labs             # after a change of the notebooks
    python -m helpers.make.labs my_labs     # a student's own copy: what is missing is copied, nothing else changes
"""

import re
import shutil
import sys
import tomllib
from pathlib import Path

import nbformat

from helpers.make.notebooks import NOTEBOOKS, in_exercises
from helpers.photos import DATA

LABS = DATA.parent / "labs"
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION", re.DOTALL | re.MULTILINE)
TIME = r"^Time: (\d+) minutes for the main path, (\d+) of them .*?; (\d+) more"
STUB = r'\1# Your code here.\n\1raise NotImplementedError("write your solution, then run the check below")'


def repository():
    """The address of the course's repository, as pyproject.toml states it."""
    return tomllib.loads((DATA.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]


def first_cell():
    """The folded cell that finds the course's `helpers`, or fetches them."""
    lines = (DATA.parent / "requirements.txt").read_text(encoding="utf-8").splitlines()
    packages = " ".join(line for line in lines if line.startswith("efficientnet"))  # what Colab lacks
    code = Path(__file__).with_name("first_cell.py").read_text(encoding="utf-8").strip()
    code = code.replace("COURSE_ADDRESS", repository()).replace("COURSE_PACKAGES", packages)
    folded = {"jupyter": {"source_hidden": True}, "slideshow": {"slide_type": "skip"}}
    return nbformat.v4.new_code_cell(code, id="first", metadata=folded)


def lab(notebook):
    """A copy of a notebook (nbformat) whose solutions are stubs and whose outputs are gone. Jupyter's Run All goes on
    after an error in an exercise's section."""
    copy = nbformat.from_dict(notebook)
    for cell, exercise in zip(copy.cells, in_exercises(copy.cells)):
        cell.source = SOLUTION.sub(STUB, cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
            if exercise:
                cell.metadata.tags = [*cell.metadata.get("tags", []), "raises-exception"]
    copy.cells.insert(1, first_cell())
    return copy


def start(notebooks):
    """The page to start from: a link to each lab, its minutes, how a lab works, and what is done."""
    rows = ""
    for name, notebook in notebooks.items():
        source = notebook.cells[0].source
        title, minutes = source.split("\n")[0].removeprefix("# "), re.search(TIME, source, re.MULTILINE)
        rows += f"| [{title}]({name}) | {minutes[1]} minutes | {minutes[2]} | {minutes[3]} |\n"
    page = Path(__file__).with_name("start.md").read_text(encoding="utf-8").format(labs=rows)
    cells = [nbformat.v4.new_markdown_cell(page.strip(), id="start"), first_cell(),
             nbformat.v4.new_code_cell("from helpers import check\n\ncheck.overview()", id="overview")]
    return nbformat.v4.new_notebook(cells=cells, metadata=next(iter(notebooks.values())).metadata)


def main():
    LABS.mkdir(exist_ok=True)
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in sorted(NOTEBOOKS.glob("*.ipynb"))}
    made = {"START.ipynb": start(notebooks)} | {name: lab(each) for name, each in notebooks.items()}
    for name, page in made.items():
        nbformat.write(page, LABS / name)
        print(f"labs/{name}")


def copy_to(folder):
    """Copy the labs that a folder does not have yet."""
    folder.mkdir(exist_ok=True)
    for path in LABS.glob("*.ipynb"):
        if not (folder / path.name).exists():
            shutil.copyfile(path, folder / path.name)


if __name__ == "__main__":
    copy_to(Path(sys.argv[1])) if sys.argv[1:] else main()
