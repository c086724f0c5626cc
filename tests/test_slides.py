"""What the decks show of a notebook (how it fits on a slide is seen in tests/test_browser.py)."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from helpers.make.notebooks import NOTEBOOKS
from helpers.make.slides import WORDS, slides, text

NAMES = sorted(path.name for path in NOTEBOOKS.glob("*.ipynb"))
LONG = "A sentence. " * WORDS + "**The point.**"


def drawn(name):
    return new_code_cell(f"show.grid({name})", outputs=[
        new_output("display_data", {"text/html": f'<figure class="figure">{name}</figure>'})])


@pytest.mark.parametrize("name", NAMES)
def test_a_slide_folds_solutions_and_has_something_to_show(name):
    notebook = nbformat.read(NOTEBOOKS / name, as_version=4)
    made = slides(notebook)
    assert "SOLUTION" not in "".join(page for slide in made for page in [*slide.shown, *slide.folded])
    assert all(slide.column or slide.shown or slide.folded for slide in made)
    figures = sum("text/html" in output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", []))
    assert "".join(page for slide in made for page in slide.shown).count('<div class="figure">') == figures > 5


def test_a_paragraph_is_whole_and_follows_its_figure():
    made = slides(new_notebook(cells=[
        new_markdown_cell("# Title"), new_markdown_cell("## Why?\n\nSo."), drawn("first"), new_markdown_cell(LONG), drawn("second"),
        new_markdown_cell("Two things:\n\n1. one\n2. two\n\nAs in\n\n$$x = y$$")]))
    _, *shown = [slide.shown for slide in made]
    assert shown[1] == [text(LONG)], "a comment that is too long for the figure's slide has one of its own"
    assert "first" in shown[0][0] and "second" in shown[2][0]
    assert shown[2][1:] == [text("Two things:\n\n1. one\n2. two"), text("As in\n\n$$x = y$$")]


def test_printed_lines_are_one_result():
    lines = [new_output("stream", name="stdout", text=f"row {i}\n") for i in range(3)]
    (slide,) = slides(new_notebook(cells=[new_markdown_cell("# Title"), new_code_cell("table()", outputs=lines)]))
    assert slide.shown[-1] == '<pre class="result">row 0\nrow 1\nrow 2</pre>'


def test_a_solution_is_folded():
    solution = new_code_cell("def f():\n    ### BEGIN SOLUTION\n    return 7\n    ### END SOLUTION")
    (slide,) = slides(new_notebook(cells=[new_markdown_cell("# Title\n\nWrite it."), solution, drawn("seven")]))
    assert "return 7" in slide.folded[0] and "return" not in "".join(slide.shown)
