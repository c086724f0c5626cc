"""The checks of notebook 09."""

import torch
import torch.nn.functional as F

from helpers.ascent import optimize_image
from helpers.checks.base import Differs, exercise, same_picture
from helpers.hooks import features
from helpers.networks import load_network
from helpers.photos import photo
from helpers.style import total_variation

LAYER = "conv2"


def variation(image, beta):
    """The terms of the total variation of a picture [3, H, W], summed over the channels: [H - 1, W - 1]."""
    squares = image.diff(dim=2)[:, :-1].square() + image.diff(dim=1)[:, :, :-1].square()
    return (squares + 1e-8 * (beta < 2)).pow(beta / 2).sum(0)


@exercise("09", 1)
def variation_map(solution):
    """Where a picture is rough: the terms of its total variation, summed over the channels."""
    found = solution(torch.zeros(3, 4, 6), 2.0)
    assert found.shape == (3, 5), (
        f"Of 4 × 6 pixels 3 × 5 have a neighbor to the right and one below, so the map is [3, 5], not "
        f"{list(found.shape)}: leave out the last row and the last column, and sum over the channels.")
    corner = torch.zeros(3, 2, 2)
    corner[0, 0, 1], corner[0, 1, 0] = 3, 4
    for beta, expected in ((2.0, 25), (1.0, 5)):
        each = solution(corner, beta).item()
        assert abs(each - expected) < 2e-3, (
            f"With β = {beta:.0f} a step of 3 to the right and of 4 below should give {expected}, not {each:.2f}: "
            "(3² + 4²) to the power of β/2.")
    three = solution(corner[:1].expand(3, 2, 2), 1.0).item()
    assert abs(three - 15) < 5e-3, (
        f"The same step in all three channels should give 3 · 5 = 15 with β = 1, not {three:.2f}: the power comes "
        "first, channel by channel, then the sum.")
    flat = torch.full((3, 5, 5), 0.5, requires_grad=True)
    for beta in (1.0, 1.5):
        total = solution(flat, beta).sum()
        assert total.requires_grad, "Gradients must flow through the map: compute it from `image` by tensor operations."
        (slope,) = torch.autograd.grad(total, flat)
        assert slope.isfinite().all(), (
            f"At a flat picture the gradient for β = {beta:g} is not finite: `epsilon` belongs inside the power, under "
            "the root, for every β below 2.")
        each, expected = solution(flat, beta, 0.01).mean().item(), 3 * 0.01 ** (beta / 2)
        assert abs(each - expected) < 1e-3, (
            f"With epsilon = 0.01 and β = {beta:g} a flat picture should have 3 · 0.01 ** (β / 2) = {expected:.3f} at "
            f"each place, not {each:.3f}: use the argument `epsilon`, in each channel.")
    image = photo("flower", 32)
    for beta in (1.0, 1.5, 2.0, 3.0):
        same_picture(solution(image, beta), variation(image, beta), (
            f"At the flower, with β = {beta}, your map differs: do both differences start from the same pixel?"), 2e-3)


def by_adam(network, image, weight, limit, steps, lr, swapped=False):
    """What Adam finds, from gray, for features, total variation and the sixth power together: [3, H, W]. `swapped`: the
    features' distance is relative to what was found."""
    wanted = features(network, LAYER, image[None]).detach()

    def objective(x):
        seen = features(network, LAYER, x)
        far = (seen - wanted).square().sum() / (seen if swapped else wanted).square().sum()
        return -far - weight * total_variation(x) - limit * (x - 0.5).pow(6).sum()

    return optimize_image(torch.full_like(image[None], 0.5), objective, steps, lr, "adam", limits=None).image[0]


@exercise("09", 2)
def invert_by_hand(solution):
    """An inversion by Adam, from gray, with total variation and the sixth power as priors, and nothing clipped."""
    network, image = load_network("robust", "course"), photo("cat", 48)
    asked = network, LAYER, image
    start = solution(*asked, 1e-3, 1e-3, 0)
    assert start.shape == image.shape, f"A picture {list(image.shape)} should come back, not {list(start.shape)}."
    assert torch.allclose(start, torch.full_like(image, 0.5)), "Without a step the picture should be gray, 0.5."
    step, right = solution(*asked, 0.0, 0.0, 1, 0.1) - start, by_adam(network, image, 0.0, 0.0, 1, 0.1) - start
    assert step.abs().max() > 0, (
        "With `weight` and `limit` 0, one step changed nothing: the loss must depend on `x`, `loss.backward()` computes"
        " the gradient, `optimizer.step()` moves `x` by it, and nothing may clear it in between.")
    assert (step * right).mean() > 0, "The first step goes uphill: it is the loss that goes down."
    assert (step - right).abs().mean() < 0.05, (
        f"A step of Adam with lr = 0.1 moves nearly every value by 0.1, and yours moved them by {step.abs().mean():.4f}"
        " on average: let `optimizer` make the step, with the gradient as it is.")
    without = (0.0, 0.0, 12, 0.03)
    tried = without, (3e-2, 0.0, 12, 0.03), (0.0, 1.0, 12, 0.1), (0.0, 0.0, 6, 0.4)
    found = {key: solution(*asked, *key) for key in tried}

    def compare(key, message, tolerance=0.005):
        expected = by_adam(network, image, *key)
        apart = (found[key] - expected).abs().mean()
        if not apart < tolerance:
            raise Differs(message.format(f"{apart:.3f}"), found[key].clamp(0, 1), expected.clamp(0, 1))

    assert (found[without] - by_adam(network, image, *without, swapped=True)).abs().mean() > 0.005, (
        "The distance is relative to what was found: `feature_loss` takes the found features first, the wanted ones "
        "second.")
    compare(without, "Without the priors your picture differs from that of `optimize_image` by {} after twelve steps: "
            "clear the old gradients before new ones are added, take them anew where the picture is now, and measure "
            "the distance by `feature_loss`.")
    free = found[0.0, 0.0, 6, 0.4]
    assert free.min() < -0.1 and free.max() > 1.1, (
        f"With long steps your picture has values from {free.min():.2f} to {free.max():.2f}: this time clip nothing.")
    unmoved = (found[3e-2, 0.0, 12, 0.03] - found[without]).abs().mean()
    assert unmoved > 0.005, (
        f"Between a weight of 0 and of 0.03 your picture changes by {unmoved:.3f} only: add `weight` times the total "
        "variation to the loss.")
    compare((3e-2, 0.0, 12, 0.03), "With a weight of 0.03 your picture differs from that of `optimize_image` by {}: "
            "the loss is `feature_loss` plus `weight` times the total variation with β = 2, not divided by anything.")
    compare((0.0, 1.0, 12, 0.1), "With a limit of 1 your picture differs from that of `optimize_image` by {}: add "
            "`limit` times the sum of the sixth powers of the values, counted from gray.")
    compare((0.0, 0.0, 6, 0.4), "With long steps your picture differs from that of `optimize_image` by {}: the network "
            "should see `x` as it is, where it leaves the range from 0 to 1, too.", tolerance=0.05)


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
