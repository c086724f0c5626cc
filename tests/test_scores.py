"""The scores of hand-made heat maps are what one works out on paper."""

import math

import pytest
import torch
from sklearn.metrics import jaccard_score

from helpers.scores import center_map, class_iou, edge_map, energy_inside, iou, pointing_game, random_map

MASK = torch.zeros(1, 4, 4, dtype=torch.bool)
MASK[0, :2, :2] = True  # four pixels of sixteen


def heat(*pixels):
    """A map [4, 4] of zeros but for pixels (row, column, value)."""
    map = torch.zeros(4, 4)
    for row, column, value in pixels:
        map[row, column] = value
    return map


@pytest.mark.parametrize("map, pointing, energy, overlap", [
    (MASK[0].float(), 1, 1, 1),
    (heat((0, 0, 2.0), (3, 3, 1.0)), 1, 2 / 3, 1 / 5),
    (heat((0, 0, 1.0), (3, 3, 3.0)), 0, 1 / 4, 1 / 5),
    (heat((3, 3, 1.0)), 0, 0, 0),
    (heat((0, 0, 4.0), (0, 1, 3.0), (2, 2, 2.0), (2, 3, 1.0), (1, 1, 0.5)), 1, 7.5 / 10.5, 2 / 6),
    (torch.zeros(4, 4), 0, 0, 0),
    (torch.ones(4, 4), 1, 1 / 4, None),
])
@pytest.mark.parametrize("scale", [1, 1e-20])
def test_one_map(map, pointing, energy, overlap, scale):
    map = map * scale
    assert pointing_game([map], MASK) == pointing
    assert energy_inside([map], MASK) == pytest.approx(energy)
    if overlap is not None:  # where all are equally hot, which are hottest is a matter of taste
        assert iou([map], MASK) == pytest.approx(overlap)


@pytest.mark.parametrize("score", [pointing_game, energy_inside, iou])
def test_mean_over_maps(score):
    hit, miss = MASK[0].float(), heat((3, 3, 1.0))
    masks = MASK.expand(4, 4, 4)
    assert score([hit, miss, hit, hit], masks) == 0.75
    assert score(torch.stack([hit, miss, miss, miss]).requires_grad_(), masks) == 0.25


@pytest.mark.parametrize("score", [pointing_game, energy_inside, iou])
def test_errors(score):
    with pytest.raises(ValueError, match="^maps: 2 of them for 1 masks"):
        score([torch.ones(4, 4)] * 2, MASK)
    with pytest.raises(ValueError, match=r"^maps: .*\[4, 4\].*\[2, 4\]"):
        score([torch.ones(2, 4)], MASK)


def test_class_iou_equals_scikit_learns():
    random = torch.Generator().manual_seed(0)
    found, true = (torch.randint(5, (3, 8, 8), generator=random) for _ in range(2))
    ious = class_iou(found, true, 6)
    assert ious[:5].tolist() == pytest.approx(jaccard_score(true.flatten(), found.flatten(), average=None))
    assert ious[5].isnan()


def test_center_map():
    map = center_map(5, 9)
    assert map.shape == (5, 9) and map.argmax() == 2 * 9 + 4
    assert torch.allclose(map, map.flip(0)) and torch.allclose(map, map.flip(1))
    assert map[2, 0].item() == pytest.approx(math.exp(-2)) and map.min() > 0


def test_edge_map():
    image = torch.zeros(3, 8, 8)
    image[:, :, 4:] = 0.5
    map = edge_map(image)
    assert map.shape == (8, 8) and torch.equal(map.nonzero()[:, 1].unique(), torch.tensor([3, 4]))
    assert torch.equal(edge_map(image.flip(2)), map.flip(1))


def test_random_map():
    map = random_map(20, 30, seed=1)
    assert map.shape == (20, 30) and map.min() >= 0 and map.std() > 0.05
    assert torch.equal(map, random_map(20, 30, seed=1)) and not torch.equal(map, random_map(20, 30, seed=2))
