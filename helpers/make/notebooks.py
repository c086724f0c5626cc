"""Read what a notebook defines, without running the rest of it."""

import ast
import json

from helpers.make.labs import NOTEBOOKS


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
