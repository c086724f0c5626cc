import numpy as np
import pytest
import torch

from helpers import paintings
from helpers.paintings import STYLES, style_picture
from helpers.style import gram_matrix


@pytest.mark.parametrize("name", STYLES)
def test_a_style_picture_is_a_picture_with_contrast(name):
    image = style_picture(name, 128)
    assert image.shape == (3, 128, 128) and image.dtype == torch.float32
    assert 0 <= image.min() and image.max() <= 1 and image.std() > 0.1
    assert STYLES[name].credit


@pytest.mark.parametrize("name", ["night", "glass", "dots", "woodcut", "mosaic", "hatching", "crayon", "marble"])
def test_a_painting_does_not_depend_on_chance(name, monkeypatch):
    monkeypatch.setattr(paintings, "SIDE", 96)
    np.random.seed(1)
    first = STYLES[name].paint()
    np.random.seed(2)
    assert first.shape == (96, 96, 3) and (first == STYLES[name].paint()).all()


def test_styles_differ_from_each_other():
    grams = torch.stack([gram_matrix(style_picture(name, 64)).flatten() for name in STYLES])
    distances = torch.cdist(grams, grams) + torch.eye(len(grams))
    assert len(STYLES) >= 8 and distances.min() > 0.02


def test_sizes():
    assert style_picture("dots", 50).shape == (3, 50, 50)
    assert style_picture("dots", 400).shape == (3, 400, 400)
    with pytest.raises(ValueError, match="size"):
        style_picture("dots", 0)
    with pytest.raises(ValueError, match="no style 'cubism'; choose from night"):
        style_picture("cubism")


def test_lead_is_dark_and_glass_is_colored():
    glass = style_picture("glass", 384)
    dark = glass.amax(0) < 0.2
    assert 0.05 < dark.float().mean() < 0.5
    assert (glass.amax(0) - glass.amin(0))[~dark].mean() > 0.3


def test_a_woodcut_is_black_on_paper():
    levels = style_picture("woodcut", 384).mean(0)
    assert ((levels < 0.25) | (levels > 0.8)).float().mean() > 0.75


@pytest.mark.parametrize(("name", "angles", "least"), [("crayon", (125,), 0.6), ("hatching", (45, 135, 12), 0.7)])
def test_strokes_lean_as_they_are_drawn(name, angles, least):
    gray = style_picture(name).mean(0)
    down, right = gray[2:, 1:-1] - gray[:-2, 1:-1], gray[1:-1, 2:] - gray[1:-1, :-2]
    along, strength = torch.rad2deg(torch.atan2(down, right)) % 180 + 90, torch.hypot(down, right)
    near = sum(((along - angle + 90) % 180 - 90).abs() < 15 for angle in angles) > 0
    assert strength[near].sum() > least * strength.sum()


def test_marble_is_banded():
    ink = style_picture("marble").amax(0)
    assert 0.1 < (ink < 0.15).float().mean() < 0.5, "dark edges between the bands"
