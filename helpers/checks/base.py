"""What all checks have in common: how they call a solution, what they say, and what they remember."""

import json
from functools import wraps
from pathlib import Path

import torch

from helpers import show

EXERCISES = {}  # {notebook: {number: name of the check}}
DONE = {}  # of this kernel: {notebook: {number: whether its check was passed when it was last called}}
START, MEMORY = Path("START.ipynb"), Path("progress.json")  # in a folder of labs: its first page, and what is done


class Wrong(AssertionError):
    """Says what is wrong with a solution; a notebook shows the message alone."""

    def _render_traceback_(self):
        return [str(self)]


class NotBegun(Wrong):
    """The exercise's stub is still there."""


class Differs(AssertionError):
    """Is raised with a message where a solution's picture is not the expected one: the check shows both."""

    def __init__(self, message, yours, expected):
        super().__init__(message)
        self.pictures = [torch.as_tensor(each).detach().cpu().float() for each in (yours, expected)]


def same_picture(yours, expected, message, tolerance=1e-3):
    """Raise Differs unless two pictures [3, H, W], or two maps [H, W], are equal up to `tolerance`."""
    if yours.shape != expected.shape or not (yours - expected).abs().max() <= tolerance:
        raise Differs(message, yours, expected)


def exercise(notebook, number):
    """Make a check of a function that asserts, with messages that teach, what a solution has to do.

    The check calls it with the solution, guarded as in `guarded`; prints a line if all is right; raises NotBegun, or
    Wrong with the first message, or the solution's own error, without the check's frames. Chance is as it was before.
    """

    def make(ask):
        EXERCISES.setdefault(notebook, {})[number] = ask.__name__

        @wraps(ask)
        def check(solution):
            __tracebackhide__ = True  # Jupyter leaves this frame out
            title = f"exercise {number} of {len(EXERCISES[notebook])}"
            done = DONE.setdefault(notebook, {})
            done[number] = False
            try:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(0)
                    ask(solution if isinstance(solution, type) else guarded(solution))
            except NotImplementedError:
                raise NotBegun(f"○ {title} is not begun: write your solution in the place of `raise …`.") from None
            except AssertionError as wrong:
                if isinstance(wrong, Differs):
                    show.grid(wrong.pictures, ["yours", "expected"], columns=2, size=2.2,
                              caption=f"{title}, not yet right",
                              alt="What your solution makes of the check's small example, and what was expected.")
                raise Wrong(f"✗ {title}: {wrong}") from None
            except Exception as error:
                raise error.with_traceback(of_solution(error.__traceback__)) from None
            done[number] = True
            remember(notebook, number)
            print(f"✓ {title}")

        return check

    return make


def of_solution(trace):
    """A traceback from the first frame that is not a check's; as it is, if all are."""
    rest = trace
    while rest and Path(rest.tb_frame.f_code.co_filename).parent == Path(__file__).parent:
        rest = rest.tb_next
    return rest or trace


def guarded(solution):
    """A solution that must return something and leave the tensors that it is given as they were."""

    @wraps(solution)
    def call(*given, **named):
        tensors = [each for each in (*given, *named.values()) if isinstance(each, torch.Tensor)]
        before = [each.detach().clone() for each in tensors]
        found = solution(*given, **named)
        assert found is not None, f"`{solution.__name__}` returned nothing: does it end with `return`?"
        for each, was in zip(tensors, before):
            assert torch.equal(each.detach().nan_to_num(), was.nan_to_num()), (
                f"`{solution.__name__}` changed what it was given: work on a copy, without `+=` and without methods "
                "that end with `_`.")
        return found

    return call


def remembered():
    """What was ever done in this folder: {notebook: [numbers]}."""
    try:
        return json.loads(MEMORY.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def remember(notebook, number):
    """Note that an exercise is done, where a start page asks for it and the folder can be written."""
    if START.exists():
        known = remembered()
        known[notebook] = sorted({*known.get(notebook, []), number})
        try:
            MEMORY.write_text(json.dumps(known), encoding="utf-8")
        except OSError:
            pass


def overview():
    """Print which exercises of all labs were ever done in this folder."""
    known = remembered()
    for notebook in sorted(EXERCISES):
        marks = ("✓" if number in known.get(notebook, []) else "○" for number in sorted(EXERCISES[notebook]))
        print(f"{notebook}   {' '.join(marks)}")
    print(f"\n{sum(map(len, known.values()))} of {sum(map(len, EXERCISES.values()))} exercises are done.")


def progress():
    """Print which exercises of this notebook are done: those whose check was passed in this kernel."""
    if not DONE:
        print("No check has been run yet.")
    for notebook, done in DONE.items():
        marks = ("✓" if done.get(number) else "○" for number in sorted(EXERCISES[notebook]))
        print("   ".join(f"{mark} exercise {number}" for number, mark in enumerate(marks, start=1)))
