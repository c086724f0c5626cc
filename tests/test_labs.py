"""The students' version is what `python -m helpers.make.labs` makes of the notebooks, and gives nothing away."""

import re

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.make.labs import LABS, NOTEBOOKS, lab

NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_lab_is_up_to_date(name):
    made = nbformat.writes(lab(nbformat.read(NOTEBOOKS / name, as_version=4)))
    assert (LABS / name).read_text(encoding="utf-8").strip() == made.strip(), "run `make labs`"


@pytest.mark.parametrize("name", NAMES)
def test_lab_holds_stubs_in_the_place_of_solutions(name):
    solved, stubs = (nbformat.read(folder / name, as_version=4) for folder in (NOTEBOOKS, LABS))
    exercises = [i for i, cell in enumerate(solved.cells) if "### BEGIN SOLUTION" in cell.source]
    assert exercises
    for i, cell in enumerate(stubs.cells):
        assert ("raise NotImplementedError" in cell.source) == (i in exercises)
        assert "SOLUTION" not in cell.source or cell.cell_type == "markdown"
        if cell.cell_type == "code":
            compile(cell.source, name, "exec")
            assert not cell.outputs


def test_there_is_no_other_lab():
    assert sorted(path.name for path in LABS.glob("*.ipynb")) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_later_section_does_not_need_an_exercise(name):
    notebook = nbformat.read(LABS / name, as_version=4)
    NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    exercise = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("#"):
            exercise = re.search("^#+ Exercise", cell.source, re.MULTILINE)
        failed = [output.evalue for output in cell.get("outputs", []) if output.output_type == "error"]
        assert exercise or not failed, f"{failed[0]}\n{cell.source}"
