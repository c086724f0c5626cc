"""The checks of notebook 11."""

import torch
from skimage.color import rgb2yiq

from helpers.checks.base import exercise


def yiq(image):
    """The luminance Y [H, W] of a picture [3, H, W], and its color I and Q [2, H, W], by scikit-image."""
    split = torch.from_numpy(rgb2yiq(image.permute(1, 2, 0).numpy())).permute(2, 0, 1).float()
    return split[0], split[1:]


def triple(values):
    """Three numbers as text."""
    return "(" + ", ".join(f"{value:.3f}".rstrip("0").rstrip(".").replace("-", "−") for value in values) + ")"


@exercise("11", 1)
def keep_colors(solution):
    """The luminance of one picture and the color of another, clipped to [0, 1]."""
    painted, photo = (0.4 + 0.2 * torch.rand(3, 6, 7, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    painted[:, 0, 0], photo[:, 0, 0] = torch.tensor([0.5, 0.6, 0.4]), torch.tensor([0.6, 0.4, 0.5])
    found = solution(painted, photo).float()
    assert found.shape == painted.shape, f"A picture of the same size is asked for, [3, 6, 7], not {list(found.shape)}."
    (light, color), (wanted, _), (other, wanted_color) = map(yiq, (found, painted, photo))
    assert not torch.allclose(found[0], wanted, atol=1e-3), (
        "The first channel is the painting's Y itself, so this picture is still in YIQ: take it back to RGB.")
    assert not torch.allclose(light, other, atol=1e-3), (
        f"At the first pixel the photo's luminance is {other[0, 0]:.2f} and the painting's {wanted[0, 0]:.2f}. Yours "
        f"is {light[0, 0]:.2f}, the photo's: it should be the painting's.")
    repainted = painted.clone()
    repainted[:, 2, 3] = 0.5
    changed = (solution(repainted, photo).float() - found).abs().sum(0) > 1e-4
    assert changed.sum() == 1 and changed[2, 3], (
        f"When one pixel of the painting changes, {changed.sum()} pixels of the result do, and it should be that one. "
        "The matrix multiplies the three channels of a pixel; `reshape` alone would mix channels and places.")
    assert not torch.allclose(color, wanted_color.clamp(0, 1), atol=1e-3), (
        "Where I or Q should be below 0, yours are 0. They may be negative: clip only when the picture is RGB again.")
    same = solution(photo, photo).float()
    assert torch.allclose(same, photo, atol=1e-3), (
        f"With its own luminance and color a picture should stay as it is, but {triple(photo[:, 0, 0])} becomes "
        f"{triple(same[:, 0, 0])}. The *inverse* of the matrix leads back to RGB, and clipping leaves these values.")
    assert torch.allclose(light, wanted, atol=1e-3), (
        f"At the first pixel the painting's luminance is {wanted[0, 0]:.3f}, and yours {light[0, 0]:.3f}. Y is the "
        "first row of the matrix, times R, G and B.")
    assert torch.allclose(color, wanted_color, atol=1e-3), (
        f"Y is right. I and Q should be the photo's, at the first pixel {triple(wanted_color[:, 0, 0])}, and are "
        f"{triple(color[:, 0, 0])}.")
    red = torch.tensor([1.0, 0, 0]).view(3, 1, 1).expand(3, 2, 2)
    for level, before in ((0.0, [0.701, -0.299, -0.299]), (1.0, [1.701, 0.701, 0.701])):
        found, after = solution(torch.full((3, 2, 2), level), red)[:, 0, 0].float(), torch.tensor(before).clamp(0, 1)
        assert torch.allclose(found, after, atol=1e-3), (
            f"The color of red with a luminance of {level:g} is {triple(before)}. Clipped that is {triple(after)}, not "
            f"{triple(found)}: below 0 becomes 0, above 1 becomes 1, and all else stays.")


@exercise("11", 2)
def normalize_instance(solution):
    """Each channel of each picture with mean 0 and variance 1, then scaled by γ and shifted by β."""
    x = torch.randn(4, 4, 4, 4, generator=torch.Generator().manual_seed(1)) * torch.linspace(1, 3, 16).view(4, 4, 1, 1)
    x, one, zero = x + torch.arange(16).view(4, 4, 1, 1), torch.ones(4), torch.zeros(4)
    plain = solution(x, one, zero)
    assert plain.shape == x.shape, f"The shape should stay {list(x.shape)}, not become {list(plain.shape)}."
    before, after = x.var((2, 3), correction=0), plain.var((2, 3), correction=0)
    assert torch.allclose(plain.mean((2, 3)), torch.zeros(4, 4), atol=1e-4), (
        "With γ = 1 and β = 0 each channel of each picture should have mean 0. That of the first picture's first "
        f"channel is {plain[0, 0].mean():.2f}: average over the places of one channel of one picture, no more.")
    assert not torch.allclose(after, torch.full((4, 4), 15 / 16), atol=1e-3), (
        "The variance over 16 places comes out as 15/16, not 1: it is the mean of the squares, over n, not n − 1.")
    assert torch.allclose(after, torch.ones(4, 4), atol=1e-3), (
        f"With γ = 1 each channel of each picture should have variance 1. That of the first is {before[0, 0]:.2f} "
        f"before and {after[0, 0]:.2f} after: divide by the root of its own variance.")
    flat = solution(torch.full((1, 4, 4, 4), 7.0), one, zero)
    assert flat.isfinite().all(), (
        f"A flat map, 7 everywhere, becomes {flat[0, 0, 0, 0]:g}: its variance is 0, and ε keeps that from 0/0.")
    kept = solution(x, one, zero, 3.0)
    assert not torch.allclose(kept, plain, atol=1e-3), (
        "With ε = 3 the result is the same as with ε = 0.00001: use the argument `epsilon`, not a number of your own.")
    wanted, kept = before / (before + 3), kept.var((2, 3), correction=0)
    assert torch.allclose(kept, wanted, atol=1e-3), (
        f"With ε = 3 a map of variance v = {before[0, 0]:.2f} should come out with v / (v + 3) = {wanted[0, 0]:.2f}, "
        f"and has {kept[0, 0]:.2f}: ε is added to the variance, before the root is taken.")
    gamma, beta = torch.tensor([1.0, 2.0, 0.5, -1.0]), torch.tensor([0.0, 1.0, -2.0, 3.0])
    scaled = solution(x, gamma, beta)
    for c in range(4):
        found = scaled[:, c]
        assert torch.allclose(found, gamma[c] * plain[:, c] + beta[c], atol=1e-4), (
            f"Channel {c}, with γ = {gamma[c]:g} and β = {beta[c]:g}, should have mean {beta[c]:g} and deviation "
            f"{gamma[c].abs():g}, and has {found.mean():.2f} and {found.std(correction=0):.2f}: γ and β hold a number "
            "for each *channel*, and β is added last.")


def by_position(features, mask):
    """The Gram matrices of a region, one position after the other."""
    total = torch.zeros(len(features), features.shape[1], features.shape[1])
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            total += mask[i, j] * torch.stack([each.outer(each) for each in features[:, :, i, j]])
    return total / mask.sum()


@exercise("11", 3)
def gram_of_region(solution):
    """The mean outer product over positions, weighted by a mask."""
    features = torch.randn(2, 4, 3, 5, generator=torch.Generator().manual_seed(0))
    everywhere, left = torch.ones(3, 5), (torch.arange(5) < 2).float().expand(3, 5)
    found, wanted = solution(features, everywhere), by_position(features, everywhere)
    assert found.shape == (2, 4, 4), f"Two pictures of four channels should give [2, 4, 4], not {list(found.shape)}."
    assert torch.allclose(found, wanted, atol=1e-4), (
        "With everything in the mask it should be the Gram matrix as before: the mean outer product, for each picture. "
        f"The first number should be {wanted[0, 0, 0]:.2f}, and is {found[0, 0, 0]:.2f}.")
    found, wanted = solution(features, left), by_position(features, left)
    assert not torch.allclose(found, wanted * 6 / 15, atol=1e-4), (
        "With 6 of 15 positions in the mask each number is 6/15 of what it should be: divide by the sum of the mask, "
        "not by the number of all positions.")
    assert torch.allclose(found, wanted, atol=1e-4), (
        "With the left two columns in the mask it should be the Gram matrix of these columns alone: nothing outside "
        f"counts. The first number should be {wanted[0, 0, 0]:.2f}, and is {found[0, 0, 0]:.2f}.")
    found = solution(features, 0.5 * left)
    assert torch.allclose(found, wanted, atol=1e-4), (
        "A mask of 0.5 in the left two columns is the same region, yet the result is "
        f"{found[0, 0, 0] / wanted[0, 0, 0]:.2f} times as large: let each outer product count with m (not m²), and "
        "divide by the sum of all m.")
    found = solution(torch.tensor([1.0, 4.0]).view(1, 1, 1, 2), torch.tensor([[1.0, 0.25]])).item()
    assert abs(found - 4) < 1e-4, (
        "A channel is 1 at a position of weight 1, and 4 at one of weight 0.25, which adds a quarter of its product: "
        f"(1 · 1² + 0.25 · 4²) / 1.25 = 4. Yours gives {found:.2f}.")
