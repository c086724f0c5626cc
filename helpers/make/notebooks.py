"""Read what a notebook defines, without running the rest of it."""

import ast
import json
import re

from helpers.photos import DATA

NOTEBOOKS = DATA.parent / "notebooks"


def load(name):
    """A notebook as the dictionary that its file holds."""
    return json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))


def definitions(name):
    """The functions and classes that a notebook defines, and what it imports: {name: object}. Its own come last, so
    they stand where it also imports something of the same name."""
    cells = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    found, scope = [node for cell in cells for node in ast.parse(cell).body], {}
    for wanted in ((ast.Import, ast.ImportFrom), (ast.FunctionDef, ast.ClassDef)):
        body = [node for node in found if isinstance(node, wanted)]
        exec(compile(ast.Module(body, []), name, "exec"), scope)
    return scope


def read_names(table):
    """The global names that the source of a symbol table (`symtable`) reads, in its functions as well."""
    own = {symbol.get_name() for symbol in table.get_symbols()
           if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global())}
    return own.union(*map(read_names, table.get_children()))


def in_exercises(cells):
    """Of each cell, whether it stands in the section of an exercise."""
    found, exercise = [], False
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and source.startswith("#"):
            exercise = bool(re.search("^#+ Exercise", source, re.MULTILINE))
        found.append(exercise)
    return found


def in_main_path(cells):
    """Of each cell, whether it stands outside of "Going further", which ends before the papers."""
    found, main = [], True
    for cell in cells:
        heading = re.match(r"## (.*)", "".join(cell["source"])) if cell["cell_type"] == "markdown" else None
        if heading:
            main = main or heading[1] in ("To discuss", "Papers")
            main = main and not heading[1].startswith("Going further")
        found.append(main)
    return found


def exercise_minutes(cells):
    """The minutes that the exercises in some cells state."""
    return sum(int(each) for cell in cells
               for each in re.findall(r"^#+ Exercise.*, (\d+) minutes\)", "".join(cell["source"]), re.MULTILINE))


def minutes(cells):
    """The minutes that a student needs for cells: those that the exercises state, half a minute for any other cell."""
    return exercise_minutes(cells) + sum(not exercise for exercise in in_exercises(cells)) / 2
