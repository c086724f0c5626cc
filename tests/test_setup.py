"""requirements.txt, pyproject.toml, environment.yml and the imports agree."""

import ast
import json
import os
import subprocess
import sys
import tomllib
from functools import cache
from graphlib import TopologicalSorter
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINES = (ROOT / "requirements.txt").read_text().splitlines()
REQUIREMENTS = [line for line in LINES if line and not line.startswith("#")]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PUBLISH = PROJECT["optional-dependencies"]["publish"]  # what decks and the site need, and nothing else
SOURCES = sorted([*ROOT.glob("helpers/**/*.py"), *ROOT.glob("notebooks/*.ipynb")])


def test_requirements_are_pinned_once_each():
    names = [requirement.split("==")[0] for requirement in REQUIREMENTS]
    assert all(requirement.count("==") == 1 for requirement in REQUIREMENTS)
    assert len(set(names)) == len(names)


def test_pyproject_has_the_same_pins():
    pins = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    assert sorted(pins) == sorted(REQUIREMENTS)
    assert all(requirement.count("==") == 1 for requirement in PUBLISH)


def test_environment_installs_requirements_txt():
    lines = (ROOT / "environment.yml").read_text().splitlines()
    items = [line.strip()[2:] for line in lines if line.strip().startswith("- ")]
    assert items == ["conda-forge", "python=3.11", "pip", "pip:", "-r requirements.txt", "-e ."]


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_installed_version_is_the_pinned_one(requirement):
    name, version = requirement.split("==")
    installed = metadata.version(name).split("+")[0]  # 2.13.0+cpu is 2.13.0
    assert installed == version


def code(path):
    """A Python file's text, or a notebook's code cells without IPython's own lines."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    lines = "\n".join("".join(cell["source"]) for cell in cells).splitlines()
    return "\n".join(line for line in lines if not line.startswith(("%", "!")))


def imported_packages(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split(".")[0]


@cache
def providers():
    """{"PIL": ["pillow"], ...}"""
    return metadata.packages_distributions()


def test_there_are_sources_to_check():
    assert {path.suffix for path in SOURCES} == {".py", ".ipynb"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_imports_are_required(path):
    publishes = path.name in ("slides.py", "publish.py")
    if publishes:
        pytest.importorskip("sphinx", reason="decks and the site need `pip install -e .[publish]`")
    required = {requirement.split("==")[0] for requirement in REQUIREMENTS + PUBLISH * publishes}
    third_party = set(imported_packages(code(path))) - sys.stdlib_module_names - {"helpers"}
    missing = {name for name in third_party if not required & {each.lower() for each in providers().get(name, [])}}
    assert not missing, f"{path.name} imports what requirements.txt lacks: {missing}"


def test_helpers_import_each_other_in_no_circle():
    modules = {path: "helpers" + "".join(f".{part}" for part in path.relative_to(ROOT / "helpers").with_suffix("").parts
                                         if part != "__init__") for path in ROOT.glob("helpers/**/*.py")}
    graph = {name: set() for name in modules.values()}
    for path, name in modules.items():
        for node in ast.walk(ast.parse(code(path))):
            if isinstance(node, ast.ImportFrom):
                whole = {f"{node.module}.{alias.name}" for alias in node.names} & set(graph)
                graph[name] |= whole or {node.module} & set(graph)
    assert list(TopologicalSorter(graph).static_order()), "CycleError names the circle"


@pytest.mark.parametrize("path", sorted(ROOT.glob("helpers/**/*.py")), ids=lambda path: path.name)
def test_lines_of_helpers_have_at_most_120_characters(path):
    assert [line for line in code(path).splitlines() if len(line) > 120] == []


@pytest.mark.parametrize("changed, wanted", [
    (["notebooks/b.ipynb"], ["notebooks/b.ipynb"]),
    (["notebooks/b.ipynb", "labs/b.ipynb", "README.md"], ["notebooks/b.ipynb"]),
    (["README.md"], []),
    (["notebooks/b.ipynb", "helpers/show.py"], ["notebooks/a.ipynb", "notebooks/b.ipynb"]),
    (["data/runs/x.webp"], ["notebooks/a.ipynb", "notebooks/b.ipynb"]),
])
def test_a_pull_request_runs_the_notebooks_that_it_can_touch(tmp_path, changed, wanted):
    def git(*arguments):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True,
                       capture_output=True)

    for file in ("notebooks/a.ipynb", "notebooks/b.ipynb", "labs/b.ipynb", "helpers/show.py", "README.md", "data/runs/x.webp"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("before")
    git("init")
    git("add", ".")
    git("commit", "-m", "before")
    for file in changed:
        (tmp_path / file).write_text("after")
    git("commit", "-am", "after")
    command = [sys.executable, ROOT / ".ci" / "notebooks", "HEAD^1"]
    assert json.loads(subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout) == wanted


def test_a_moved_folder_is_set_up_anew(tmp_path):
    old, new = tmp_path / "ein Kürs", tmp_path / "moved"
    old.mkdir()
    (old / "helpers" / "make").mkdir(parents=True)
    for name in ("Makefile", "requirements.txt", "pyproject.toml", "helpers/make/overrides.json"):
        (old / name).write_bytes((ROOT / name).read_bytes())
    # In pip's place: what makes .venv/bin/python, and does nothing else.
    (tmp_path / "python").write_text('#!/bin/sh\nif [ "$2" = venv ]; then mkdir -p .venv/bin; cp "$0" .venv/bin/python; fi\n')
    (tmp_path / "python").chmod(0o755)

    def setup(folder):
        command = ["make", "setup", f"PYTHON={tmp_path}/python"]
        return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout

    assert "Installing" in setup(old) and "Installing" not in setup(old)
    old.rename(new)
    assert "was moved or copied" in setup(new) and "Installing" not in setup(new)


def test_no_file_of_tests_is_long():
    lengths = {path.name: len(path.read_text(encoding="utf-8").splitlines()) for path in ROOT.glob("tests/**/*.py")}
    assert max(lengths.values()) <= 600, lengths


def test_the_course_works_without_a_home_in_a_folder_with_a_space_and_an_umlaut(tmp_path):
    place = tmp_path / "ein Kürs"
    place.symlink_to(ROOT)
    code = ("import helpers; from helpers.runs import load_run; print(helpers.__file__); load_run('gatys'); "
            "print(helpers.load_network('vgg', 'course')(helpers.photo('cat', 128)[None]).shape)")
    environment = {name: value for name, value in os.environ.items() if name != "HOME"}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment | {"PYTHONPATH": str(place)}, check=True,
                          capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.splitlines() == [str(place / "helpers" / "__init__.py"), "torch.Size([1, 10])"]


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.name)
def test_a_notebook_writes_no_file(path):
    """So that it runs where nothing can be written."""
    calls = [node.func for node in ast.walk(ast.parse(code(path))) if isinstance(node, ast.Call)]
    names = {func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "") for func in calls}
    assert not names & {"open", "write_text", "write_bytes", "save", "savefig", "save_file", "mkdir", "imwrite", "to_csv"}
