"""The collage world: seeded, exact masks, quick, and still the world that the committed networks were trained on."""

import time
from functools import cache

import numpy as np
import pytest
import torch

from helpers import collage
from helpers.collage import BACKGROUNDS, SUBJECTS, pairs, scenes
from helpers.photos import PHOTOS, instances

# Every sixteenth pixel of scenes 0 to 3 of series 123, row by row, as RGB bytes, and the area of their masks.
FINGERPRINT = """
8d9194a3a5a6a19fa29b9d9a9291968b8b8b8688877f80818e8d8ea7a7a5a7a7a59b9a999898978c8d8e8e8a8c828683
abadababa9a9a3a2a29c9d9e9d9d9b8e8e92898a89838382acadaacacbc8c0c4c29f9ea19695978e8d8a848582838185
5c5f64585a598182804d514c979397979396848484827f80585c583b3e3b2f2c2a51505398999c8f9494898789898b85
4c4a4d3b3839231f1f4b4c529a97999392968d8d908d868bb1b3b3b1afafa5a4a4a2a0a1969798919194888789838283
e6d2a9a86e35e8bdabdd9e66080a04ffffffbeb69c816b4e6f6044ffffb41b1914ffebb776563de3e2fb673c10482005
423846ffffff3a30422e231a8d67416e5c51624b458b8350030202ff633f6d7160d120002b29303a3e4bdfbca72d2917
5949599b1600756d5da394963c3e3ba9b1c15f65743f342c754e2f2b28246c5b38979fa2322d34848c8b3d3f3f8d828d
544126775c59715c356a533d54402c403626aca6afa0948e84695bdec5cccebdbfd0bfbebebfbb9d9e9590828c746f7a
4e265b312f453026473024531d225c3c44411c263b2b32343c434b44445843434f3f3344361b242e2756a389a2b58880
5b5069373b5800061e736063232d5a6551643a2e4129303fe5b8a072666f626979534468723b695c4d6243455143305e
4f3d7046484b61437c131b3231296230346a3e47472c4a782d3e71422a6d47404324396f573c7233365d3d344c3d1b5a
55565f2a3b743440663d37763c387254276324383d3f256762417c554b88574c494c477a49407147477a4c3c49e5bcad
66c39e517d6e68af954581605ab18e68b48c5fb1a164aa8770b098d85d94689a9f56847c66978a6dbb8567a1904f8d77
70b29268b79a549a83639d838a646f9367825aa881679972519c8665c3a8377266709d98797e6f614b5068ad8e559392
6fb8946ca3895dad964fa07b83968b3e3a309d80516bae91569b8557a59174bb946989858371642f2c21212d2f58a18a
508b854e9a7368a28c6b57382c3428595f4b2d34205b97824a9e8245a3836fa38a5b9e74628669568b7b1f22221f5344
"""
AREAS = [3382, 4958, 5328, 3182]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other))


@pytest.mark.parametrize("make", [scenes, pairs])
@pytest.mark.parametrize("subjects", [None, ("cat", "cup", "rocket")])
def test_pieces_equal_the_whole(make, subjects):
    whole = make(8, 5, 48, subjects)
    pieces = [make(3, 5, 48, subjects), make(1, 5, 48, subjects, start=3), make(4, 5, 48, subjects, start=4)]
    assert equal(whole, [torch.cat(parts) for parts in zip(*pieces)])


@pytest.mark.parametrize("make", [scenes, pairs])
def test_only_the_seed_counts(make):
    torch.manual_seed(1), np.random.seed(1)
    first = make(4, 7, 48)
    torch.manual_seed(2), np.random.seed(2)
    assert equal(first, make(4, 7, 48))
    others = make(4, 8, 48)
    assert not any(torch.equal(a, b) for a in first.images for b in others.images)


def test_pictures_of_a_series_differ():
    images = scenes(30, 9, 32).images.flatten(1)
    assert torch.pdist(images).min() > 0.1


@pytest.mark.parametrize("size", [32, 97, 128])
def test_shapes_and_ranges(size):
    one, two = scenes(3, 1, size), pairs(3, 1, size)
    assert one.images.shape == two.images.shape == (3, 3, size, size)
    assert (one.labels.shape, one.masks.shape) == ((3,), (3, size, size))
    assert (two.labels.shape, two.masks.shape) == ((3, 2), (3, 2, size, size))
    for made in (one, two):
        assert [tensor.dtype for tensor in made] == [torch.float32, torch.int64, torch.bool]
        assert made.images.min() >= 0 and made.images.max() <= 1
        assert made.images.std() > 0.1


def test_every_subject_comes_equally_often():
    counts = scenes(600, 2, 32).labels.bincount(minlength=10)
    assert len(counts) == len(SUBJECTS) == 10
    assert counts.min() > 35 and counts.max() < 90  # 60 are expected, give or take 7


def test_only_the_subjects_asked_for():
    assert {SUBJECTS[label] for label in scenes(40, 3, 32, ["cup", "retina"]).labels} == {"cup", "retina"}
    labels = pairs(40, 3, 32, ["cup", "retina", "coin"]).labels
    assert {SUBJECTS[label] for label in labels.flatten()} == {"cup", "retina", "coin"}
    assert (labels[:, 0] != labels[:, 1]).all()


# ---- masks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def painted(monkeypatch):
    """painted(subject, value): from now on a subject has that gray level in every photo, and nothing is recolored."""
    original, recolor = collage.photo_array, collage._recolor

    def keep_colors(random, natural):
        recolor(random, natural)  # draws the same numbers as ever
        return np.eye(4)

    def photo_array(subject, value, name):
        photo = original(name)
        if PHOTOS[name][2] == subject:
            photo = np.where(instances(name)[..., None] > 0, np.uint8(value), photo)
        return photo

    def paint(subject, value):
        monkeypatch.setattr(collage, "photo_array", lambda name: photo_array(subject, value, name))
        for kept in ("_cutouts", "_backgrounds", "_photo_pyramids"):
            monkeypatch.setattr(collage, kept, cache(getattr(collage, kept).__wrapped__))

    monkeypatch.setattr(collage, "_recolor", keep_colors)
    monkeypatch.setattr(collage, "_camera", lambda random, image: image)
    return paint


def share_of_subject(painted, subject, make):
    """What share of each pixel's color comes from the subject: the pictures with it white, less those with it black."""
    painted(subject, 255)
    white = make()
    painted(subject, 0)
    black = make()
    return (white.images - black.images).mean(1), black


@pytest.mark.parametrize("subject", ["person", "coin", "rocket", "motorcycle", "retina"])
def test_mask_is_where_the_subject_shows(painted, subject):
    share, made = share_of_subject(painted, subject, lambda: scenes(25, 11, 128, [subject]))
    wrong = (share > 0.5) != made.masks
    assert wrong.sum() < 0.02 * made.masks.sum()
    assert share[wrong].sub(0.5).abs().max() < 0.45  # and only at edges


def test_masks_of_a_pair_tell_who_is_who(painted):
    share, made = share_of_subject(painted, "cat", lambda: pairs(25, 11, 128, ["cat", "cup"]))
    of_cat = made.masks[made.labels == SUBJECTS.index("cat")]
    assert len(of_cat) == 25
    assert ((share > 0.5) != of_cat).sum() < 0.02 * of_cat.sum()


def test_masks_of_a_pair_are_disjoint_and_large_enough():
    masks = pairs(200, 4, 64).masks
    assert not (masks[:, 0] & masks[:, 1]).any()
    assert masks.float().mean((2, 3)).min() > 0.015


def test_masks_have_a_sensible_area():
    area = scenes(400, 4, 64).masks.float().mean((1, 2))
    assert area.min() > 0.004 and area.max() < 0.99
    assert 0.12 < area.median() < 0.22
    assert (area > 0.05).float().mean() > 0.85


@pytest.mark.parametrize("name", [name for name, boxes in BACKGROUNDS.items() if boxes])
def test_backgrounds_show_no_subject(name):
    subjects = instances(name) > 0
    for left, top, right, bottom in BACKGROUNDS[name]:
        assert right <= subjects.shape[1] and bottom <= subjects.shape[0]
        assert not subjects[top:bottom, left:right].any()


# ---- the world of the committed networks ----------------------------------------------------------------------------


def test_the_world_is_the_one_of_the_committed_networks():
    made = scenes(4, 123)
    found = made.images[:, :, 8::16, 8::16].mul(255).round().permute(0, 2, 3, 1).flatten()
    expected = torch.tensor(list(bytes.fromhex(FINGERPRINT)))
    message = "scenes look different: the networks in data/weights must be trained anew (python -m helpers.training)"
    assert (found - expected).abs().max() <= 1, message
    areas = made.masks.sum((1, 2))
    assert (areas - torch.tensor(AREAS)).abs().max() <= 5, message


# ---- errors and speed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [scenes, pairs])
@pytest.mark.parametrize("name, value, error", [
    ("n", 0, ValueError), ("n", -3, ValueError), ("n", 2.0, TypeError), ("n", "2", TypeError),
    ("size", 31, ValueError), ("size", 64.0, TypeError),
    ("seed", -1, ValueError), ("seed", 2**63, ValueError), ("seed", 2**64, ValueError), ("seed", None, TypeError), ("seed", 0.5, TypeError),
    ("start", -1, ValueError), ("start", 1.5, TypeError),
    ("subjects", ["dog"], ValueError), ("subjects", [], ValueError), ("subjects", [3], ValueError),
])
def test_errors_name_the_argument(make, name, value, error):
    with pytest.raises(error, match=f"^{name}: "):
        make(**{"n": 1, "seed": 0, name: value})


def test_a_pair_needs_two_subjects():
    with pytest.raises(ValueError, match="^subjects: at least 2"):
        pairs(1, 0, subjects=["cat", "cat"])


def test_unknown_subject_is_named_with_the_choices():
    with pytest.raises(ValueError, match="'dog'.*person, cat"):
        scenes(1, 0, subjects=["cat", "dog"])


def test_speed():
    scenes(10, 0)  # cuts the subjects out
    rates = []
    for run in range(4):
        began = time.perf_counter()
        scenes(50, run)
        rates.append(50 / (time.perf_counter() - began))
    print(f"{max(rates):.0f} scenes a second")
    assert max(rates) > 200, f"{max(rates):.0f} scenes a second; two idle cores make more than 600"
