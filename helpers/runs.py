"""Read the long runs that are stored in `data/runs/`; `python -m helpers.make.runs` computes them."""

import json
from typing import NamedTuple

from helpers.photos import DATA, load_image

RUNS = DATA / "runs"


class Run(NamedTuple):
    """A stored optimization, by the key of each picture.

    pictures: [3, H, W] in [0, 1], as their files (WebP) decode; losses: the loss before each step; settings: what it
    was computed with; seconds: CPU seconds of all together, on one machine.
    """

    pictures: dict
    losses: dict
    settings: dict
    seconds: int


def load_run(name):
    """A stored optimization by name. Raises FileNotFoundError if there is none."""
    facts = load_numbers(name)
    pictures = {key: load_image(picture_file(name, key)) for key in facts["losses"]}
    return Run(pictures, facts["losses"], facts["settings"], facts["cpu seconds"])


def load_numbers(name):
    """The stored numbers of a run, as its JSON file says them."""
    file = RUNS / f"{name}.json"
    if not file.exists():
        raise FileNotFoundError(f"{name}: no such run in data/runs; `python -m helpers.make.runs {name}` computes it")
    return json.loads(file.read_text(encoding="utf-8"))


def picture_file(name, key):
    """Where a run's picture lies."""
    return RUNS / f"{name}_{key.replace(' ', '_')}.webp"
