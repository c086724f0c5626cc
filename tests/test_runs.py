"""What is stored in `data/runs/` is what its command computes."""

import math

import pytest
import torch

from helpers import load_image
from helpers.collage import SUBJECTS
from helpers.make.runs import OPTIMIZATIONS, TABLES, Optimization, has_slowed_down
from helpers.runs import RUNS, load_numbers, load_run, picture_file


@pytest.fixture(scope="module", params=OPTIMIZATIONS)
def stored(request):
    """(name, the run, its stored numbers)"""
    return request.param, OPTIMIZATIONS[request.param](), load_numbers(request.param)


def some(table, most=2):
    """At most so many entries of a table, evenly spread, to be quick."""
    return [*table.items()][:: math.ceil(len(table) / most)]


def test_first_steps(stored):
    name, run, numbers = stored
    assert list(numbers["losses"]) == run.keys and numbers["settings"] == run.settings
    for key, losses in some(numbers["losses"])[::2]:
        assert run.curve(key, 2) == pytest.approx(losses[:2], rel=0.02, abs=0.02), key


def test_settled(stored):
    name, run, numbers = stored
    for key, losses in numbers["losses"].items():
        assert run.has_settled(losses), f"{key} still falls"


def test_pictures_have_the_stored_losses(stored):
    name, run, numbers = stored
    for key, loss in some(numbers["loss of the file"])[::-2]:  # the others, or the only one
        assert run.loss(key, load_image(picture_file(name, key))) == pytest.approx(loss, rel=0.02), key


def test_the_ranking_computes_its_scenes():
    rows, numbers = load_numbers("ranking")["rows"], (17,)
    for name, found in TABLES["ranking"](numbers).items():
        # Pointing is left out: where two places are about equally hot, rounding decides.
        assert torch.allclose(torch.tensor(found)[:, 1:], torch.tensor([rows[name][i][1:] for i in numbers]), atol=0.02), name


def test_the_shortest_changes_are_computed():
    rows = load_numbers("distances")["rows"]
    for name, found in TABLES["distances"]([12]).items():
        assert found == pytest.approx([rows[name][12]], rel=0.1), name


def test_robustness_is_computed():
    rows, numbers = load_numbers("robustness")["rows"], [0]
    for name, found in TABLES["robustness"](numbers, ["robust L2 3.0", "quantized Linf 8/255"]).items():
        # A picture that lies at the edge of what an attack reaches may fall on one machine and not on another.
        assert abs(found[0] - rows[name][0]) <= 1, name


def test_transfer_is_computed():
    rows = load_numbers("transfer")["rows"]
    found = torch.tensor([row for rows in TABLES["transfer"]([0, 1]).values() for row in rows])
    stored = torch.tensor([row for name in rows for row in rows[name][:2]])
    assert (found != stored).float().mean() < 0.1


def test_the_sealed_network_is_copied():
    rows = load_numbers("sealed")["rows"]
    for name, found in TABLES["sealed"]([0], ["noise", "substitute"]).items():
        assert found == pytest.approx(rows[name][:1], abs=0.2), name  # trained anew, and rounding adds up


def test_attacks_on_the_real_network_are_computed():
    rows = load_numbers("real_attacks")["rows"]
    for name, found in TABLES["real_attacks"]([2]).items():  # the first crop to which both give the same answer
        assert found == rows[name][:1], name


def test_drawings_are_judged():
    rows, (name,) = load_numbers("drawings")["rows"], [SUBJECTS[0]]
    found = TABLES["drawings"]([0], [name], ["robust, bare", "best of 60 codes"])
    assert {method: values for method, values in found.items()} == {
        method: pytest.approx(rows[method][:1], abs=0.34) for method in found}


def test_nothing_else_is_stored():
    files = {f"{name}.json" for name in [*OPTIMIZATIONS, *TABLES]}
    files |= {picture_file(name, key).name for name in OPTIMIZATIONS for key in load_run(name).losses}
    assert {file.name for file in RUNS.iterdir()} == files


def test_a_missing_run_names_its_command():
    with pytest.raises(FileNotFoundError, match="helpers.make.runs nothing"):
        load_numbers("nothing")


def test_settling_is_seen_in_the_last_tenth():
    run, falling = Optimization(None, [], 1, {}), [0.95 ** i for i in range(100)]
    assert not run.has_settled(falling) and run.has_settled([*falling[:50], *[0.95**50] * 50])
    assert run.has_settled([0.9 ** i for i in range(100)])  # next to nothing is left
    slowly = [0.996 ** i for i in range(100)]
    assert not run.has_settled(slowly) and run._replace(fall=0.05).has_settled(slowly)


def test_a_run_with_chance_has_settled_where_it_slows_down():
    steps, noise = torch.arange(200.0), torch.randn(200, generator=torch.Generator().manual_seed(0))
    faster, slower = -(steps / 20) ** 2 + noise, -10 * (steps + 1).log() + noise
    assert not has_slowed_down(faster.tolist()) and has_slowed_down(slower.tolist())
