"""The collage world: seeded, exact masks, quick, and still the world that the committed networks were trained on."""

import time
from functools import cache

import numpy as np
import pytest
import torch

from helpers import collage
from helpers.collage import BACKGROUNDS, SUBJECTS, pairs, scenes
from helpers.photos import PHOTOS, instances

# Scenes 0 to 39 of series 123: sixteen pixels of each as gray levels, and the area of each mask.
FINGERPRINT = """
8f9d9683a9a591858bb691865c5392854377ff39a146623a50ac0f7d4ec2b697602223a24a155d41515643426c634abba18893415a7a64818b8639756b841b2f
20251a8219183518191a18182115160a192c34361c2b132e1a26263f1a1f21240d6443175e6a8663476e7d6c10485615546d5a5c634a7ea66f5f6e9f79859a9a
04070f0f05c40a110bca5407003d5e0772748da3888f8960ac7a26c5c4cdab8768b06470d8c8af87e56a8968f5c22a21006f5c000477644a01795c3e03665301
dad8ccb9e19fceb7dde0cfb9e4e45bce7a70746c7a8fd264727157676d615d57352d2722477b482c43406c9f49463c347a79a2ba0ac9e19c038e479b5ea77596
744a48504f5151504d554458474e775bfe8df5ebdd4cdfcbda3c61ac5f94a18d13777619758d807d7f928e7f1c81721ecc03ff00020300ff00e94a0702011405
9b6aaa69bd000a6f905e5871c5706a4a715714111309580b050a29230a0b09775739515c4b4b51474259514c5f514f677c7d7f799b78836f9b3f7b7051458477
5e5f574d615c496d6a3559ce6c655f573d5a404c485b504a43594d453c4a453d03030f2f0307c38e0504aa974e3738094e456151543b606260414ad46a3ff6a2
257633361b142938258165331b5322277578a25b7c65745b5fb378476d7c4586ff3d389ef03e3d868014b71a616a7580847ca8cc33318ab81c357056426a915e
8e483c3d4a3f41ed46c09a4f4b4d4d50d031c3c0cc7426b22d9bbcaecec1b9a7d01f29221e1a1d1b10144d15080b09524a9634994e82052d3e493e3740423e36
6d6d4314569aac7d7338612b55993c6696a5baba97a674be93b1aeaa96b0c9ab5b5346355d50634a5e2e73475429564789796d385b7f7612747da681aac5bbaf
"""
AREAS = [
    3382, 4958, 5328, 3182, 796, 774, 10918, 2416, 5779, 3168, 1438, 12772, 1283, 1030,
    1559, 5435, 4585, 1209, 10664, 13296, 3230, 2782, 12396, 4452, 1989, 6846, 4530, 2796,
    4293, 390, 826, 5199, 12145, 3350, 2674, 1118, 2693, 1332, 2316, 1586,
]


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
    first = make(4, 6, 48)
    torch.manual_seed(2), np.random.seed(2)
    assert equal(first, make(4, 6, 48))
    others = make(4, 7, 48)
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
        levels = 255 * made.images
        assert (levels - levels.round()).abs().max() < 1e-3 and levels.std() > 25


def test_every_subject_comes_equally_often():
    counts = scenes(600, 2, 32).labels.bincount(minlength=10)
    assert len(counts) == len(SUBJECTS) == 10
    assert counts.min() > 35 and counts.max() < 90  # 60 are expected, give or take 7


def test_only_the_subjects_asked_for():
    assert {SUBJECTS[label] for label in scenes(40, 3, 32, ["cup", "retina"]).labels} == {"cup", "retina"}
    labels = pairs(40, 3, 32, ["cup", "retina", "coin"]).labels
    assert {SUBJECTS[label] for label in labels.flatten()} == {"cup", "retina", "coin"}
    assert (labels[:, 0] != labels[:, 1]).all()


@pytest.mark.parametrize("make", [scenes, pairs])
def test_natural_colors_are_those_of_the_photos(make, monkeypatch):
    monkeypatch.setattr(collage, "NATURAL_SHARE", 1.0)
    natural, any_hue = make(60, 8, 64, ["cat", "cup"], natural=True), make(60, 8, 64, ["cat", "cup"])
    masks = [made.masks.flatten(0, -3) for made in (natural, any_hue)]
    images = [made.images.repeat_interleave(len(masks[0]) // 60, 0) for made in (natural, any_hue)]
    redness = [torch.stack([(image[0] - image[2])[mask].mean() for image, mask in zip(*each)]) for each in zip(images, masks)]
    assert (redness[0] > 0).float().mean() > 0.95 and redness[0].mean() > 0.15, "cats and cups are warm in the photos"
    assert (redness[1] > 0).float().mean() < 0.85


def test_most_natural_pictures_keep_their_colors(monkeypatch):
    keeps = []
    camera = collage._camera
    monkeypatch.setattr(collage, "_camera", lambda random, image: keeps.append(random.own_colors) or camera(random, image))
    scenes(200, 1, 32, natural=True), pairs(100, 1, 32, natural=True)
    assert 0.75 <= sum(keeps) / 300 < 0.85
    keeps.clear()
    scenes(20, 1, 32), pairs(20, 1, 32)
    assert not any(keeps)


def test_natural_light_is_warm_and_cool_dim_and_bright():
    light = np.array([collage._daylight(np.random.default_rng(seed)) for seed in range(300)])
    assert (light[:, 0] > 1.1 * light[:, 2]).mean() > 0.2 and (light[:, 2] > 1.1 * light[:, 0]).mean() > 0.2
    assert (light[:, 1] > 1.15).mean() > 0.15 and (light[:, 1] < 0.85).mean() > 0.15


def test_natural_pieces_equal_the_whole():
    assert equal(scenes(6, 5, 48, natural=True), [torch.cat(parts) for parts in zip(scenes(2, 5, 48, natural=True), scenes(4, 5, 48, start=2, natural=True))])


@pytest.mark.parametrize("share", [0, 1])
def test_share_of_photo_crops(share, monkeypatch):
    crops, crop = [], collage._photo_crop
    monkeypatch.setattr(collage, "_photo_crop", lambda *arguments: crops.append(1) or crop(*arguments))
    scenes(10, 1, 32, photos=share)
    assert len(crops) == 10 * share


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
    made = scenes(40, 123)
    found = made.images[:, :, 16::32, 16::32].mean(1).mul(255).flatten()
    expected = torch.tensor(list(bytes.fromhex(FINGERPRINT)))
    message = "scenes look different: the networks in data/weights must be trained anew (python -m helpers.make.training)"
    assert (found - expected).abs().max() <= 1.5, message
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
        began = time.process_time()  # others may be at work beside it
        scenes(50, run)
        rates.append(50 / (time.process_time() - began))
    print(f"{max(rates):.0f} scenes a second")
    assert max(rates) > 200, f"{max(rates):.0f} scenes a second; two idle cores make more than 600"
