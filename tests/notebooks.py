"""Read what a notebook defines, without running the rest of it."""

import ast
import json
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "notebooks"


def load(name):
    """A notebook as the dictionary that its file holds."""
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def definitions(name):
    """The functions and classes that a notebook defines: {name: object}."""
    scope = {}
    for cell in load(name)["cells"]:
        if cell["cell_type"] == "code":
            wanted = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)
            body = [node for node in ast.parse("".join(cell["source"])).body if isinstance(node, wanted)]
            exec(compile(ast.Module(body, []), name, "exec"), scope)
    return scope
