"""The checks of notebook 09."""

import torch
import torch.nn.functional as F

from helpers.ascent import optimize_image
from helpers.checks.base import exercise
from helpers.hooks import features
from helpers.networks import load_network
from helpers.photos import photo
from helpers.style import total_variation

LAYER = "conv2"


def by_adam(network, image, weight, steps, lr, beta=2.0):
    """What Adam finds, from gray, for features and total variation together, clipped after each step: [3, H, W]."""
    wanted = features(network, LAYER, image[None]).detach()

    def objective(x):
        far = (features(network, LAYER, x) - wanted).square().sum() / wanted.square().sum()
        return -far - weight * total_variation(x, beta)

    return optimize_image(torch.full_like(image[None], 0.5), objective, steps, lr, "adam").image[0]


@exercise("09", 1)
def invert_by_hand(solution):
    """An inversion by Adam, from gray, with the total variation as prior, clipped after each step."""
    network, image = load_network("robust", "course"), photo("cat", 48)
    asked = network, LAYER, image
    start = solution(*asked, 1e-3, 0)
    assert start.shape == image.shape, f"A picture {list(image.shape)} should come back, not {list(start.shape)}."
    assert torch.allclose(start, torch.full_like(image, 0.5)), "Without a step the picture should be gray, 0.5."
    step = (solution(*asked, 0.0, 1, 0.1) - by_adam(network, image, 0.0, 1, 0.1)).abs().mean()
    assert step < 0.05, (
        f"After one step your picture differs from Adam's by {step:.2f}, where a step changes each pixel by 0.1: is it "
        "the loss that goes down, is its gradient the step's, and is it Adam that makes it?")

    def apart(weight, steps, lr, **other):
        return (found[weight, steps, lr] - by_adam(network, image, weight, steps, lr, **other)).abs().mean().item()

    found = {key: solution(*asked, *key) for key in ((0.0, 12, 0.03), (3e-2, 12, 0.03), (1e-3, 6, 0.4))}
    assert apart(0.0, 12, 0.03) < 0.005, (
        f"Without the prior your picture differs from that of `optimize_image` by {apart(0.0, 12, 0.03):.3f} after "
        "twelve steps: clear the old gradients before new ones are added, and take them anew where the picture is now.")
    unmoved = (found[3e-2, 12, 0.03] - found[0.0, 12, 0.03]).abs().mean()
    assert unmoved > 0.005, (
        f"Between a weight of 0 and of 0.03 your picture changes by {unmoved:.3f} only: add `weight` times the total "
        "variation to the loss.")
    assert apart(3e-2, 12, 0.03) < 0.005, (
        f"With a weight of 0.03 your picture differs from that of `optimize_image` by {apart(3e-2, 12, 0.03):.3f}: "
        "the loss is the features' distance plus `weight` times the total variation with β = 2.")
    bold = found[1e-3, 6, 0.4]
    assert bold.min() >= 0 and bold.max() <= 1, (
        f"Your picture has values from {bold.min():.2f} to {bold.max():.2f}: clip it to [0, 1].")
    assert apart(1e-3, 6, 0.4) < 0.01, (
        "With long steps the picture differs: clip after *each* step, not at the end only.")


@exercise("09", 2)
def octave_sizes(solution):
    """The sizes of a picture's octaves, from small to large, without those that are too small."""
    def sizes(*asked):
        return [tuple(each) for each in solution(*asked)]

    found = sizes(200, 300, 3, 2.0, 10)
    assert found[-1] == (200, 300), (
        f"The last octave is the picture itself, 200 × 300, not {found[-1]}: its exponent is 0.")
    assert found == [(50, 75), (100, 150), (200, 300)], (
        f"Three octaves of a factor 2 are 50 × 75, 100 × 150 and 200 × 300, small to large, not {found}.")
    found = sizes(200, 300, 3, 2.0, 60)
    assert len(found) == 2, f"50 × 75 has a shorter side below 60: leave it out. You returned {found}."
    found = sizes(300, 200, 3, 2.0, 60)
    assert len(found) == 2, f"75 × 50 has a shorter side below 60, too: it may be the width. You returned {found}."
    assert len(sizes(200, 300, 3, 2.0, 50)) == 3, "50 is not below 50: such an octave stays."
    found = sizes(40, 90, 4, 1.4, 100)
    assert found == [(40, 90)], f"The picture itself stays, however small it is: [(40, 90)], not {found}."
    found = sizes(100, 100, 2, 1.5, 1)[0]
    assert found == (67, 67), f"100 / 1.5 = 66.7 is rounded to the nearest size, 67, not {found[0]}."
    found = sizes(100, 100, 3, 1.4, 1)
    assert found[1] == (71, 71), f"100 / 1.4 = 71.4 is rounded to the nearest size, 71, not {found[1][0]}."
    found = sizes(101, 101, 4, 1.4, 1)[0]
    assert found == (37, 37), (
        f"101 / 1.4³ = 36.8 is 37, not {found[0]}: divide the picture's own size each time, not a rounded one.")


@exercise("09", 3)
def dream_around(solution):
    """A dream of the layer's half squared norm everywhere but inside a mask."""
    network, image = load_network("robust", "course"), 0.25 + 0.5 * photo("flower", 64)
    mask = torch.zeros(64, 64, dtype=torch.bool)
    mask[:, 24:] = True

    def dream(image, mask, steps, lr=0.01):
        return solution(network, LAYER, image, mask, steps, lr).detach()

    def height(image):
        return features(network, LAYER, image[None]).square().sum() / 2

    once, often = dream(image, mask, 1), dream(image, mask, 4)
    assert once.shape == image.shape, f"A picture {list(image.shape)} should come back, not {list(once.shape)}."
    assert (often[:, mask] == image[:, mask]).all(), (
        "A pixel of the subject has changed: set the gradient to zero where the mask is True.")
    assert (once[:, ~mask] != image[:, ~mask]).any(), "Outside the mask the picture should change."
    x = image.clone().requires_grad_()
    slope = torch.autograd.grad(height(x), x)[0] * ~mask
    along = F.cosine_similarity((once - image).flatten(), slope.flatten(), dim=0)
    assert along > -0.5, "The norm of the activations falls: add the gradient, don't subtract it."
    moved = (once - image).square().mean().sqrt()
    assert abs(moved - 0.01) < 2e-4, (
        f"One step should change the values by 0.01 (root mean square over the whole picture), not by {moved:.5f}: "
        "divide the gradient, once it is masked, by its own root mean square.")
    assert along > 0.9999, (
        f"The step agrees with the gradient of half the squared norm to {along:.4f} only (cosine): one root mean "
        "square for all channels, and the gradient of ½‖a‖².")
    assert (dream(image, mask, 2) - dream(once, mask, 1)).abs().max() < 2e-4, (
        "Two steps should be one step, twice: take the gradient anew in each, where the picture is now.")
    black, nowhere = photo("pagoda", 64).round(), torch.zeros_like(mask)
    extreme = dream(black, nowhere, 2, 0.2)
    assert extreme.min() >= 0 and extreme.max() <= 1, (
        f"Pixels went from {extreme.min():.2f} to {extreme.max():.2f}: clip to [0, 1] after each step.")
    assert (extreme - dream(dream(black, nowhere, 1, 0.2), nowhere, 1, 0.2)).abs().max() < 0.01, (
        "Two long steps should be one long step, twice: clip after *each* step, not at the end only.")
