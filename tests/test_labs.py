"""The students' version is what `python -m helpers.make.labs` makes of the notebooks, and gives nothing away."""

import ast
import copy
import re
import symtable
import sys
from importlib.util import spec_from_file_location

import nbformat
import pytest
from nbclient import NotebookClient

import helpers
from helpers import check
from helpers.checks import base
from helpers.make.assignment import assignment
from helpers.make.labs import LABS, NOTEBOOKS, SOLUTION, copy_to, first_cell, lab, repository, start
from helpers.make.notebooks import in_exercises, read_names

REQUIREMENTS = NOTEBOOKS.parent / "requirements.txt"
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
    assert stubs.cells.pop(1).id == "first"
    for i, cell in enumerate(stubs.cells):
        assert ("raise NotImplementedError" in cell.source) == (i in exercises)
        assert "SOLUTION" not in cell.source or cell.cell_type == "markdown"
        if cell.cell_type == "code":
            compile(cell.source, name, "exec")
            assert not cell.outputs


@pytest.mark.parametrize("name", NAMES)
def test_run_all_goes_on_after_an_exercise_and_stops_at_any_other_error(name):
    cells = nbformat.read(LABS / name, as_version=4).cells
    for cell, exercise in zip(cells, in_exercises(cells)):
        tolerated = "raises-exception" in cell.metadata.get("tags", [])
        assert tolerated == (exercise and cell.cell_type == "code")


def test_there_is_no_other_lab():
    assert sorted(path.name for path in LABS.glob("*.ipynb")) == [*NAMES, "START.ipynb"]


def test_the_start_page_is_up_to_date_and_leads_to_each_lab():
    page = nbformat.read(LABS / "START.ipynb", as_version=4)
    made = start({name: nbformat.read(NOTEBOOKS / name, as_version=4) for name in NAMES})
    assert page == made, "run `make labs`"
    assert re.findall(r"\]\((.*?)\)", page.cells[0].source) == NAMES


def test_a_students_copy_keeps_what_is_written_in_it(tmp_path):
    mine = tmp_path / "meine Übungen"
    copy_to(mine)
    assert sorted(path.name for path in mine.iterdir()) == [*NAMES, "START.ipynb"]
    (mine / NAMES[0]).write_text("mine")
    (mine / NAMES[1]).unlink()
    copy_to(mine)
    assert (mine / NAMES[0]).read_text() == "mine" and (mine / NAMES[1]).exists()


def test_the_start_page_lists_what_is_done(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    base.remember("05", 2)
    assert not (tmp_path / "progress.json").exists(), "outside of a folder of labs nothing is written"
    (tmp_path / "START.ipynb").touch()
    for number in (2, 1, 2):
        base.remember("05", number)
    check.overview()
    shown = capsys.readouterr().out
    assert re.search("^05   ✓ ✓", shown, re.M) and re.search("^01   ○", shown, re.M) and "\n2 of " in shown
    (tmp_path / "progress.json").write_text("{ cut of")
    check.overview()
    assert "\n0 of " in capsys.readouterr().out


@pytest.fixture
def begin(tmp_path, monkeypatch):
    """Run a lab's first cell in an empty folder, where `find_spec` finds `helpers` at `origin` or, for None, nowhere;
    returns the commands that it would have run."""
    def run(origin, *modules):
        commands, spec = [], origin and spec_from_file_location("helpers", origin)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
        monkeypatch.setattr("subprocess.run", lambda command, check: commands.append(command))
        for name in modules:
            monkeypatch.setitem(sys.modules, name, sys)
        exec(first_cell().source, {})
        return commands

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return run


def test_a_labs_first_cell_is_quiet_where_the_course_is_installed(begin, capsys):
    assert begin(helpers.__file__) == [] and not capsys.readouterr().out


def test_a_labs_first_cell_fetches_the_course_on_colab(begin, tmp_path, capsys):
    clone, install = begin(None, "google.colab")
    assert clone[:2] == ["git", "clone"] and clone[-2:] == [repository(), "looking-inside"]
    assert install[-2:] == [line for line in REQUIREMENTS.read_text().splitlines() if line.startswith("efficientnet")]
    assert sys.path[0] == str(tmp_path / "looking-inside") and repository() in capsys.readouterr().out
    (tmp_path / "looking-inside").mkdir()
    assert begin(None, "google.colab") == [], "it is fetched once"


def test_a_labs_first_cell_names_what_is_wrong(begin, tmp_path):
    with pytest.raises(ImportError, match="not installed for"):
        begin(None)
    with pytest.raises(ImportError, match=re.escape(f"{tmp_path / 'helpers.py'} hides")):
        begin(tmp_path / "helpers.py")


@pytest.mark.parametrize("name", NAMES)
def test_an_assignment_has_a_test_for_each_solution(name):
    cells = assignment(nbformat.read(NOTEBOOKS / name, as_version=4)).cells
    graded = [(cell.metadata.nbgrader, cell.source) for cell in cells if "nbgrader" in cell.metadata]
    assert [marks["solution"] for marks, _ in graded] == [True, False] * (len(graded) // 2) and len(graded) >= 6
    assert all(marks["points"] in (1, 2, 3) and "check." in source for marks, source in graded[1::2])
    assert len({marks["grade_id"] for marks, _ in graded}) == len(graded)


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


class Renamed(ast.NodeTransformer):
    """Names become v0, v1, … in the order in which they come."""

    def __init__(self):
        self.names = {}

    def visit_Name(self, node):
        return ast.Name(self.names.setdefault(node.id, f"v{len(self.names)}"), node.ctx)

    def visit_arg(self, node):
        return ast.arg(self.names.setdefault(node.arg, f"v{len(self.names)}"))


def expressions(source, least=10):
    """The expressions of some code that consist of `least` parts or more, whatever their variables are called:
    {what it is: [the line where it stands]}"""
    found = {}
    for node in ast.walk(ast.parse(source)):
        parts = sum(isinstance(part, (ast.expr, ast.arguments, ast.arg, ast.comprehension)) for part in ast.walk(node))
        if isinstance(node, ast.expr) and not isinstance(node, ast.Slice) and parts >= least:
            found.setdefault(ast.unparse(Renamed().visit(copy.deepcopy(node))), []).append(node.lineno)
    return found


def code_of(cell):
    """The pieces of code in a cell: all of a code cell, what stands between backticks in another."""
    pieces = [cell.source] if cell.cell_type == "code" else re.findall(r"```python\n(.*?)```|`([^`\n]+)`", cell.source, re.DOTALL)
    for piece in ("".join(piece) for piece in pieces):
        try:
            ast.parse(piece)
        except SyntaxError:
            continue
        yield piece


def solution_of(source):
    """The statements' expressions between the marks of a solution."""
    marked = SOLUTION.search(source)
    first, last = (source[:end].count("\n") + 1 for end in marked.span())
    statements = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.stmt) and first < node.lineno < last]
    whole = {ast.unparse(Renamed().visit(copy.deepcopy(part))) for node in statements
             for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)}
    return whole & expressions(source).keys()


def given_away(solved, labs):
    """What of the solutions in some notebooks also stands in some labs: [(a lab's name, its cell's number, code)]."""
    wanted = set().union(*(solution_of(cell.source) for cell in solved if SOLUTION.search(cell.source)))
    return [(name, i, piece) for name, cells in labs.items() for i, cell in enumerate(cells)
            for piece in code_of(cell) if wanted & expressions(piece).keys()]


def test_labs_hold_no_solution():
    solved = [cell for name in NAMES for cell in nbformat.read(NOTEBOOKS / name, as_version=4).cells]
    labs = {name: nbformat.read(LABS / name, as_version=4).cells for name in NAMES}
    found = given_away(solved, labs)
    assert not found, "\n".join(f"{name} [{i}]\n{code}" for name, i, code in found)


def test_a_solution_under_other_names_is_found():
    def cell(source, kind="code"):
        return nbformat.from_dict({"cell_type": kind, "source": source})

    solved = cell("def gram(f):\n    ### BEGIN SOLUTION\n    return torch.einsum('ihw,jhw->ij', f, f) / f.numel()\n    ### END SOLUTION")
    for source, kind in (("g = torch.einsum('ihw,jhw->ij', maps, maps) / maps.numel()", "code"),
                         ("use `torch.einsum('ihw,jhw->ij', x, x) / x.numel()`", "markdown")):
        assert given_away([solved], {"lab": [cell("x = 1"), cell(source, kind)]})[0][1] == 1
    assert not given_away([solved], {"lab": [cell("g = torch.einsum('ihw,jhw->ij', maps, other) / maps.numel()")]})


@pytest.mark.weekly
@pytest.mark.parametrize("name", NAMES)
def test_an_unsolved_lab_fails_in_its_exercises_alone(name):
    notebook = nbformat.read(LABS / name, as_version=4)
    NotebookClient(notebook, timeout=300, allow_errors=True, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    for cell, exercise in zip(notebook.cells, in_exercises(notebook.cells)):
        failed = [output.evalue for output in cell.get("outputs", []) if output.output_type == "error"]
        assert exercise or not failed, f"{failed[0]}\n{cell.source}"
