"""What is stored in `data/runs/` is what its command computes."""

import pytest
import torch

from helpers import load_image
from helpers.make.runs import OPTIMIZATIONS, TABLES, has_settled
from helpers.runs import RUNS, load_numbers, load_run, picture_file


@pytest.fixture(scope="module", params=OPTIMIZATIONS)
def stored(request):
    """(name, the run, its stored numbers)"""
    return request.param, OPTIMIZATIONS[request.param](), load_numbers(request.param)


def test_first_steps(stored):
    name, run, numbers = stored
    assert list(numbers["losses"]) == run.keys and numbers["settings"] == run.settings
    for key, losses in numbers["losses"].items():
        assert run.curve(key, 2) == pytest.approx(losses[:2], rel=0.02), key


def test_settled(stored):
    name, run, numbers = stored
    for key, losses in numbers["losses"].items():
        assert has_settled(losses), f"{key} still falls"


def test_pictures_have_the_stored_losses(stored):
    name, run, numbers = stored
    for key, loss in numbers["loss of the file"].items():
        assert run.loss(key, load_image(picture_file(name, key))) == pytest.approx(loss, rel=0.02), key


def test_the_ranking_computes_its_scenes():
    rows, numbers = load_numbers("ranking")["rows"], (17,)
    for name, found in TABLES["ranking"](numbers).items():
        # Pointing is left out: where two places are about equally hot, rounding decides.
        assert torch.allclose(torch.tensor(found)[:, 1:], torch.tensor([rows[name][i][1:] for i in numbers]), atol=0.02), name


def test_nothing_else_is_stored():
    files = {f"{name}.json" for name in [*OPTIMIZATIONS, *TABLES]}
    files |= {picture_file(name, key).name for name in OPTIMIZATIONS for key in load_run(name).losses}
    assert {file.name for file in RUNS.iterdir()} == files


def test_a_missing_run_names_its_command():
    with pytest.raises(FileNotFoundError, match="helpers.make.runs nothing"):
        load_numbers("nothing")


def test_settling_is_seen_in_the_last_tenth():
    falling = [2.0 ** -i for i in range(100)]
    assert not has_settled(falling) and has_settled([*falling[:5], *[2.0**-5] * 20])
