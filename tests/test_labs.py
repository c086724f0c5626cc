"""The students' version is what `python -m helpers.make.labs` makes of the notebooks, and gives nothing away."""

import re
import symtable

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.make.labs import LABS, NOTEBOOKS, lab
from helpers.make.notebooks import read_names

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


def in_exercises(cells):
    """Of each cell, whether it stands in the section of an exercise."""
    found = []
    for cell in cells:
        if cell["cell_type"] == "markdown" and cell["source"].startswith("#"):
            exercise = bool(re.search("^#+ Exercise", cell["source"], re.MULTILINE))
        found.append(exercise)
    return found


def needed_of_exercises(cells):
    """The names that code outside of the exercises' sections reads and that the last cell to bind them before it has in
    such a section: [(cell's number, name)]."""
    exercise, binder, found = in_exercises(cells), {}, []
    for i, cell in enumerate(cells):
        if cell["cell_type"] == "code":
            table = symtable.symtable(cell["source"], f"cell {i}", "exec")
            bound = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
            found += [(i, name) for name in read_names(table) - bound if not exercise[i] and exercise[binder.get(name, 0)]]
            binder |= dict.fromkeys(bound, i)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_later_section_reads_nothing_that_only_an_exercise_binds(name):
    assert not needed_of_exercises(nbformat.read(NOTEBOOKS / name, as_version=4).cells)


def test_what_a_later_section_needs_of_an_exercise_is_found():
    def cells(*sources):
        return [{"cell_type": "markdown" if source.startswith("#") else "code", "source": source} for source in sources]

    exercise = cells("# A", "from math import tau as gain\nx = 1", "### Exercise 1", "def gain(y): return y\nz = 2", "# B")
    assert needed_of_exercises(exercise + cells("print(x)")) == []
    assert needed_of_exercises(exercise + cells("z = 3\nprint(z)")) == []
    assert needed_of_exercises(exercise + cells("def later(): return gain(z)")) in ([(5, "gain"), (5, "z")], [(5, "z"), (5, "gain")])


@pytest.mark.weekly
@pytest.mark.parametrize("name", NAMES)
def test_an_unsolved_lab_fails_in_its_exercises_alone(name):
    notebook = nbformat.read(LABS / name, as_version=4)
    NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    for cell, exercise in zip(notebook.cells, in_exercises(notebook.cells)):
        failed = [output.evalue for output in cell.get("outputs", []) if output.output_type == "error"]
        assert exercise or not failed, f"{failed[0]}\n{cell.source}"
