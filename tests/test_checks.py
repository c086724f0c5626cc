"""Every exercise's check beside wrong solutions, the likeliest first, which it must refuse, and right ones written
differently: `tests/solutions/` holds them, a file a notebook."""

import re
import runpy
import time
from functools import cache
from pathlib import Path

import pytest
import torch

from helpers import check, show
from helpers.checks.base import DONE, EXERCISES, exercise, guarded, same_picture
from helpers.make.labs import NOTEBOOKS as FOLDER
from helpers.make.notebooks import definitions, load

NOTEBOOKS = {path.stem.split("_")[0]: path.stem for path in sorted(FOLDER.glob("*.ipynb"))}
NUMBER = {name: notebook for notebook, each in EXERCISES.items() for name in each.values()}
SOLUTIONS = {}
for file in sorted((Path(__file__).parent / "solutions").glob("*.py")):
    SOLUTIONS |= runpy.run_path(str(file))["SOLUTIONS"]


@cache
def defined(number):
    return definitions(NOTEBOOKS[number])


def solved(name, source):
    """The function `name` as `source` defines it, among what its notebook imports and defines."""
    scope = dict(defined(NUMBER[name]))
    exec(source, scope)
    return scope[name]


@pytest.mark.parametrize("name, source", [(name, right) for name, (rights, _) in SOLUTIONS.items() for right in rights])
def test_a_check_accepts_another_right_solution(name, source):
    getattr(check, name)(solved(name, source))


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_check_accepts_the_notebooks_own_solution_quickly_and_again(name, capsys):
    own, before = defined(NUMBER[name])[name], torch.random.get_rng_state()
    getattr(check, name)(own)
    start = time.process_time()
    getattr(check, name)(own)
    assert time.process_time() - start < 5
    assert re.fullmatch(r"(✓ exercise \d of \d\n)\1", capsys.readouterr().out)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize("name, source", [(name, wrong) for name, (_, wrongs) in SOLUTIONS.items() for wrong in wrongs])
def test_a_check_refuses_a_wrong_solution_with_a_message(name, source):
    for _ in range(2):
        with pytest.raises(check.Wrong, match=r"✗ exercise \d of \d: .{20}"):
            getattr(check, name)(solved(name, source))


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_check_knows_an_untouched_stub(name):
    def stub(*_, **__):
        raise NotImplementedError

    with pytest.raises(check.NotBegun, match="not begun"):
        getattr(check, name)(stub)


@pytest.mark.parametrize("number", EXERCISES)
def test_every_exercise_has_one_line_of_check_and_two_hints(number):
    cells = load(NOTEBOOKS[number])["cells"]
    sources = ["".join(cell["source"]) for cell in cells]
    for place, name in EXERCISES[number].items():
        (i,) = [i for i, source in enumerate(sources) if re.search(f"^(def|class) {name}\\(", source, re.M) and "### BEGIN SOLUTION" in source]
        asked = max(k for k in range(i) if re.search(r"^#+ Exercise", sources[k], re.M))
        assert f"Exercise {place} ·" in sources[asked]
        assert sources[asked].count("<details>") == 3, "two hints, and where the solution stands"
        assert "**Right looks like**" in sources[asked]
        following = next(source for cell, source in zip(cells[i + 1 :], sources[i + 1 :]) if cell["cell_type"] == "code")
        assert re.fullmatch(rf"check\.{name}\({name}\)", following)
    asked = sum("### BEGIN SOLUTION" in source for source in sources)
    assert sorted(EXERCISES[number]) == [*range(1, asked + 1)]
    assert all(SOLUTIONS[name][0] and len(SOLUTIONS[name][1]) >= 3 for name in EXERCISES[number].values())
    assert sources[-1] == "check.progress()" or "check.progress()" in sources


def test_a_solution_that_returns_nothing_or_changes_what_it_was_given_is_told():
    with pytest.raises(AssertionError, match="returned nothing"):
        guarded(lambda x: None)(1)
    with pytest.raises(AssertionError, match="changed what it was given"):
        guarded(torch.Tensor.add_)(torch.zeros(3), 1)
    assert guarded(torch.add)(torch.zeros(3), 1).sum() == 3


def test_a_solutions_own_error_is_shown_without_the_checks_frames():
    def crash(filters):
        return filters @ 1

    with pytest.raises(TypeError) as error:
        check.on_one_scale(crash)
    assert [entry.name for entry in error.traceback][1:] == ["check", "crash"]


def test_a_wrong_picture_is_shown_beside_the_expected_one(monkeypatch):
    shown = []
    monkeypatch.setattr(show, "grid", lambda pictures, titles, **_: shown.append((pictures, titles)))
    monkeypatch.delitem(EXERCISES, "99", raising=False)

    @exercise("99", 1)
    def negative(solution):
        """One minus the picture."""
        picture = torch.rand(3, 4, 4)
        same_picture(solution(picture), 1 - picture, "bright should be dark")

    negative(lambda picture: 1 - picture)
    with pytest.raises(check.Wrong, match="bright should be dark"):
        negative(lambda picture: picture)
    (((yours, expected), titles),) = shown
    assert torch.allclose(yours, 1 - expected) and titles == ["yours", "expected"]
    EXERCISES.pop("99"), DONE.pop("99")


def test_progress_lists_what_is_done(capsys, monkeypatch):
    for table in (EXERCISES, DONE):
        for key in [*table]:
            monkeypatch.delitem(table, key)
    check.progress()

    @exercise("99", 1)
    def one(solution):
        """One."""
        assert solution() == 1, "it should be one"

    @exercise("99", 2)
    def two(solution):
        """Two."""
        assert solution() == 2, "it should be two"

    one(lambda: 1)
    with pytest.raises(check.Wrong, match="✗ exercise 2 of 2: it should be two") as error:
        two(lambda: 1)
    assert error.value._render_traceback_()[0].startswith("✗ exercise 2 of 2: it should be two")
    check.progress()
    monkeypatch.delitem(EXERCISES, "99"), monkeypatch.delitem(DONE, "99")
    assert capsys.readouterr().out.splitlines() == [
        "No check has been run yet.", "✓ exercise 1 of 2", "✓ exercise 1   ○ exercise 2"]
