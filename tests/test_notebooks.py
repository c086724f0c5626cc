"""What every notebook keeps to."""

import ast
import base64
import io
import re
import symtable

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbconvert import HTMLExporter
from PIL import Image

from helpers.make.labs import NOTEBOOKS
from helpers.make.notebooks import exercise_minutes, in_main_path, load, minutes, read_names
from helpers.make.mosaic import mosaic
from helpers.photos import DATA
from helpers.runs import RUNS

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def outputs(cell):
    return cell.get("outputs", []) if cell["cell_type"] == "code" else []


@pytest.mark.parametrize("name", NAMES)
def test_cells_were_run_in_order_without_errors(name):
    code = [cell for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in outputs(cell) if output["output_type"] == "error"]
    assert not [output for cell in code for output in outputs(cell) if output.get("name") == "stderr"]


def pictures(name):
    """(data, alt text, MIME type of the picture for readers that strip HTML) of every stored figure."""
    for cell in load(name)["cells"]:
        for output in outputs(cell):
            if "<img" in "".join(output.get("data", {}).get("text/html", "")):
                (kind,) = {"image/png", "image/jpeg"} & output["data"].keys()
                yield output["data"], output["metadata"][kind]["alt"], kind


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_an_alt_text(name):
    drawn = [output for cell in load(name)["cells"] for output in outputs(cell)
             if {"image/png", "image/jpeg"} & output.get("data", {}).keys()]
    alts = [alt for _, alt, _ in pictures(name)]
    assert alts and len(alts) == len(drawn) and min(map(len, alts)) > 20


@pytest.mark.parametrize("name", NAMES)
def test_alt_texts_reach_the_reader_of_an_exported_page(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if outputs(cell)]
    page, _ = HTMLExporter(exclude_input=True).from_notebook_node(notebook)
    shown = [image["alt"] for image in BeautifulSoup(page, "html.parser").find_all("img")]
    assert shown == [alt for _, alt, _ in pictures(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_at_most_1100_pixels_wide_and_stored_small(name):
    for data, _, kind in pictures(name):
        page = "".join(data["text/html"])
        copies = [base64.b64decode(code) for code in (re.search('base64,([^"]+)', page)[1], data[kind])]
        sizes = {Image.open(io.BytesIO(copy)).size for copy in copies}
        assert len(sizes) == 1 and max(width for width, _ in sizes) <= 1100


@pytest.mark.parametrize("name", NAMES)
def test_no_live_widget_is_stored(name):
    kinds = {kind for cell in load(name)["cells"] for output in outputs(cell) for kind in output.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" not in kinds


def test_a_clone_stays_small():
    sizes = {name: (NOTEBOOKS / f"{name}.ipynb").stat().st_size / 1e6 for name in NAMES}
    assert max(sizes.values()) < 3 and sum(sizes.values()) < 24, sizes
    assert sum(file.stat().st_size for file in RUNS.iterdir()) < 6e6


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_has_its_place_in_the_slides(name):
    kinds = {cell["metadata"].get("slideshow", {"slide_type": None})["slide_type"] for cell in load(name)["cells"]}
    assert kinds <= {"slide", "subslide", "fragment", "skip", "notes", None}, "jupyterlab-slideshow hides other cells"


@pytest.mark.parametrize("name", NAMES)
def test_every_hook_is_gone_after_its_block(name):
    for cell in load(name)["cells"]:
        nodes = list(ast.walk(ast.parse("".join(cell["source"])))) if cell["cell_type"] == "code" else []
        opened = {id(item.context_expr) for node in nodes if isinstance(node, ast.With) for item in node.items}
        hooks_set = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                     and node.func.attr.startswith("register_forward")]
        assert all(id(node) in opened for node in hooks_set), "an error would leave it: use it as a context manager"


def of_one_source(source):
    """How many assertions of a cell hold with one source of networks only: their condition says `source()`."""
    lines = set()
    for node in ast.walk(ast.parse(source)):
        guarded = isinstance(node, ast.If) and "source()" in ast.unparse(node.test)
        lines |= {each.lineno for each in (ast.walk(node) if guarded else [node])
                  if isinstance(each, ast.Assert) and (guarded or "source()" in ast.unparse(each.test))}
    return len(lines)


def test_readme_counts_the_assertions_that_imagenets_networks_leave_out():
    page = (NOTEBOOKS.parent / "tests" / "README.md").read_text(encoding="utf-8")
    listed = {number: int(count) for number, count in re.findall(r"^\| (\d\db?) \| (\d+) \| ", page, re.MULTILINE)}
    counted = {name.split("_")[0]: sum(
        of_one_source("".join(cell["source"])) for cell in load(name)["cells"] if cell["cell_type"] == "code")
        for name in NAMES}
    assert listed == {number: count for number, count in counted.items() if count}


@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_marked_in_pairs(name):
    cells = ["".join(cell["source"]) for cell in load(name)["cells"]]
    begun, ended = (sum(cell.count(f"### {word} SOLUTION") for cell in cells) for word in ("BEGIN", "END"))
    assert 3 <= begun <= 5 and begun == ended


@pytest.mark.parametrize("name", NAMES)
def test_asserts_have_messages(name):
    for cell in load(name)["cells"]:
        if cell["cell_type"] == "code":
            asserts = [node for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, ast.Assert)]
            assert all(node.msg for node in asserts), "".join(cell["source"])


@pytest.mark.parametrize("name", NAMES)
def test_code_fits_on_the_screen(name):
    lines = [line.rstrip("\n") for cell in load(name)["cells"] if cell["cell_type"] == "code" for line in cell["source"]]
    assert not [line for line in lines if len(line) > 120]


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_overwrites_what_another_defines(name):
    """So that a cell can be run again."""
    sources = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    symbols = [symbol for source in sources for symbol in symtable.symtable(source, name, "exec").get_symbols()]
    functions = [symbol.get_name() for symbol in symbols if symbol.is_namespace()]
    values = {symbol.get_name() for symbol in symbols if symbol.is_assigned() and not symbol.is_namespace()}
    assert len(functions) == len(set(functions)) and not values & set(functions)


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_binds_anew_what_an_earlier_one_reads(name):
    """So that an earlier cell can be run again after a later one."""
    tables = [symtable.symtable("".join(cell["source"]), name, "exec") for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    bound = [{symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()} for table in tables]
    for i, table in enumerate(tables):
        read = (read_names(table) - bound[i]) & set().union(*bound[:i])
        assert not read & set().union(*bound[i + 1 :])


@pytest.mark.parametrize("name", NAMES)
def test_the_main_path_takes_an_hour_and_what_goes_further_is_marked(name):
    cells = load(name)["cells"]
    main = in_main_path(cells)
    path, further = ([cell for cell, on in zip(cells, main) if on == wanted] for wanted in (True, False))
    assert len(path) <= 70 and len(cells) <= 100
    assert further and [("going-further" in cell["metadata"].get("tags", [])) for cell in cells] == [not on for on in main]
    assert "## To discuss" in "".join("".join(cell["source"]) for cell in path)
    title, heading = ("".join(each[0]["source"]) for each in (path, further))
    stated = int(re.search(r"^Time: (\d+) minutes", title, re.M)[1])
    assert 60 <= stated <= 70 and abs(minutes(path) - stated) <= 2.5, minutes(path)
    assert abs(minutes(further) - int(re.match(r"## Going further · (\d+) minutes", heading)[1])) <= 2.5, minutes(further)
    assert exercise_minutes(path) <= 40
    assert "What you need to have seen" in title


@pytest.mark.parametrize("name", NAMES)
def test_code_cells_are_short_and_show_more_than_a_shape(name):
    code = [cell for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    lengths = sorted(sum(bool(line.strip()) for line in cell["source"]) for cell in code)
    assert (lengths[(len(code) - 1) // 2] + lengths[len(code) // 2]) / 2 <= 8 and lengths[-1] <= 25
    for cell in code:
        shown = "".join(line for output in outputs(cell) for line in output.get("text", output.get("data", {}).get("text/plain", "")))
        source = "".join(cell["source"])
        assert not re.fullmatch(r"(torch\.Size|[\[\](),\d\s])*", shown) or not re.search(r"\.shape\W*$", source), source


def test_the_readmes_pictures_are_those_of_the_notebooks():
    with Image.open(DATA / "mosaic.webp") as stored:
        stored, made = (np.asarray(image.convert("RGB"), dtype=float) for image in (stored, mosaic()))
        assert stored.shape == made.shape and stored.shape[0] <= 700 and stored.shape[1] <= 1200
        assert abs(stored - made).mean() < 6, "run `python -m helpers.make.mosaic`"
