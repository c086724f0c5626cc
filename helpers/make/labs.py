"""Rebuild `labs/`, the students' version: the notebooks without their solutions and outputs.

    python -m helpers.make.labs
"""

import re

import nbformat

from helpers.photos import DATA

NOTEBOOKS, LABS = DATA.parent / "notebooks", DATA.parent / "labs"
SOLUTION = re.compile(r"^([ \t]*)### BEGIN SOLUTION\n.*?^[ \t]*### END SOLUTION", re.DOTALL | re.MULTILINE)
STUB = r'\1# Your code here.\n\1raise NotImplementedError("write your solution, then run the check below")'


def lab(notebook):
    """A copy of a notebook (nbformat) whose solutions are stubs and whose outputs are gone."""
    copy = nbformat.from_dict(notebook)
    for cell in copy.cells:
        cell.source = SOLUTION.sub(STUB, cell.source)
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return copy


def main():
    LABS.mkdir(exist_ok=True)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        nbformat.write(lab(nbformat.read(path, as_version=4)), LABS / path.name)
        print(f"labs/{path.name}")


if __name__ == "__main__":
    main()
