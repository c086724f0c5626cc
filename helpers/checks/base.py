"""What all checks have in common: how they call a solution, what they say, and what they remember."""

from functools import wraps

import torch

EXERCISES = {}  # {notebook: {number: name of the check}}
DONE = {}  # of this kernel: {notebook: {number: whether its check was passed when it was last called}}


class Wrong(AssertionError):
    """Says what is wrong with a solution; a notebook shows the message alone."""

    def _render_traceback_(self):
        return [str(self)]


class NotBegun(Wrong):
    """The exercise's stub is still there."""


def exercise(notebook, number):
    """Make a check of a function that asserts, with messages that teach, what a solution has to do.

    The check calls it with the solution, guarded as in `guarded`, and whatever else it is handed; prints a line if
    all is right; raises NotBegun, or Wrong with the first message. Chance is as it was before.
    """

    def make(ask):
        EXERCISES.setdefault(notebook, {})[number] = ask.__name__

        @wraps(ask)
        def check(solution, *handed):
            title = f"exercise {number} of {len(EXERCISES[notebook])}"
            done = DONE.setdefault(notebook, {})
            done[number] = False
            try:
                with torch.random.fork_rng(devices=[]):
                    torch.manual_seed(0)
                    ask(solution if isinstance(solution, type) else guarded(solution), *handed)
            except NotImplementedError:
                raise NotBegun(f"○ {title} is not begun: write your solution in the place of `raise …`.") from None
            except AssertionError as wrong:
                raise Wrong(f"✗ {title}: {wrong}") from None
            done[number] = True
            print(f"✓ {title}")

        return check

    return make


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
                f"`{solution.__name__}` changed what it was given: work on a copy, or without `_` at the end of a "
                "method.")
        return found

    return call


def progress():
    """Print which exercises of this notebook are done: those whose check was passed in this kernel."""
    if not DONE:
        print("No check has been run yet.")
    for notebook, done in DONE.items():
        marks = ("✓" if done.get(number) else "○" for number in sorted(EXERCISES[notebook]))
        print("   ".join(f"{mark} exercise {number}" for number, mark in enumerate(marks, start=1)))
