"""Write the notebooks as an nbgrader assignment: `build/course/source/NAME/NAME.ipynb`, and nbgrader's settings.

    python -m helpers.make.assignment

Each exercise becomes a solution, which nbgrader takes out of the students' version, and its check a test, whose points
are the exercise's stars. docs/instructors.md says what to do with them.
"""

import re
import sys

import nbformat

from helpers.make.labs import first_cell
from helpers.make.notebooks import NOTEBOOKS
from helpers.photos import DATA

COURSE = DATA.parent / "build" / "course"
STARS = re.compile(r"^#+ Exercise.*\((★+)", re.MULTILINE)
SETTINGS = '''c = get_config()
c.CourseDirectory.course_id = "looking_inside"
c.ClearSolutions.code_stub = {
    "python": "# Your code here.\\nraise NotImplementedError(\\"write your solution, then run the check below\\")"}
c.ExecutePreprocessor.timeout = 300  # seconds a cell
'''


def assignment(notebook):
    """A copy of a notebook (nbformat) with nbgrader's metadata and without outputs."""
    copy, points = nbformat.from_dict(notebook), 0
    for cell in copy.cells:
        found = STARS.search(cell.source) if cell.cell_type == "markdown" else None
        points = len(found[1]) if found else points
        if cell.cell_type != "code":
            continue
        cell.outputs, cell.execution_count = [], None
        if "### BEGIN SOLUTION" in cell.source:
            cell.metadata.nbgrader = grading(cell, solution=True)
        elif re.match(r"check\.(?!progress)", cell.source):
            cell.metadata.nbgrader = grading(cell, points=points, grade=True, locked=True)
    copy.cells.insert(1, first_cell())
    return copy


def grading(cell, solution=False, grade=False, locked=False, **more):
    """What nbgrader wants to know of a cell."""
    return {"schema_version": 3, "grade_id": cell.id, "solution": solution, "grade": grade, "locked": locked,
            "task": False, "cell_type": "code", **more}


def main(course=COURSE):
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        folder = course / "source" / path.stem
        folder.mkdir(parents=True, exist_ok=True)
        nbformat.write(assignment(nbformat.read(path, as_version=4)), folder / path.name)
    (course / "nbgrader_config.py").write_text(SETTINGS, encoding="utf-8")
    print(f"{course}: an assignment a notebook")


if __name__ == "__main__":
    sys.exit(main())
