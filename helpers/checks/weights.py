"""The checks of notebook 01."""

import copy
import math

import torch
from torch import nn

from helpers import show
from helpers.checks.base import exercise, same_picture


@exercise("01", 1)
def on_one_scale(solution):
    """All filters on one scale around mid-gray: zero at 0.5, the largest absolute value of all at 0 or 1."""
    filters = torch.tensor([[0.0, 2.0, -4.0], [1.0, 0.0, -1.0]]).view(2, 3, 1, 1)
    found = solution(filters)
    assert found.shape == filters.shape, f"The shape should stay {list(filters.shape)}, not become {list(found.shape)}."
    first, second = found.flatten(1)
    assert abs(first[0] - 0.5) < 1e-6, f"A weight of zero should be mid-gray, 0.5, and is {first[0]:.2f}."
    strengths = torch.tensor([4.0, -2.0, 1.0, 0.0]).view(4, 1, 1, 1)
    several = strengths * torch.linspace(-0.6, 1, 75).view(3, 5, 5).sin()
    yours, expected = (show.tile(each.float(), columns=4) for each in (solution(several), _about_gray(several)))
    for right, message in (
        (torch.allclose(first, torch.tensor([0.5, 0.75, 0.0])),
         "Of weights between −4 and 4, −4 should become 0 and 2 become 0.75, not "
         f"{first[2]:.2f} and {first[1]:.2f}: divide by the largest *absolute* value."),
        (torch.allclose(second, torch.tensor([0.625, 0.5, 0.375])),
         "The second filter, a quarter as strong as the first, should lie between 0.375 and 0.625, not between "
         f"{second.min():.3f} and {second.max():.3f}: take the maximum over all filters, not over each."),
    ):
        if not right:
            same_picture(yours, expected, message)
        assert right, message
    same_picture(yours, expected, "Four filters, one dead, should look otherwise: is the scale the same for all?")


def _about_gray(filters):
    """Filters on one scale: zero at 0.5, the largest absolute value at 0 or 1."""
    most = max(-filters.min(), filters.max())
    return (filters + most) / (2 * most)


@exercise("01", 2)
def color_share(solution):
    """The share of each filter's energy that is left when the mean over its channels is taken away."""
    generator = torch.Generator().manual_seed(0)
    gray = torch.rand(1, 1, 5, 5, generator=generator).expand(1, 3, 5, 5)
    opponent = torch.tensor([1.0, -1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 5, 5)
    noise = torch.randn(2000, 3, 5, 5, generator=generator)
    found = solution(torch.cat([gray, opponent, noise]))
    assert found.shape == (2002,), f"2002 filters should give 2002 numbers, not {list(found.shape)}."
    assert abs(found[0]) < 1e-5, (
        f"Three equal channels hold no color, yet their share is {found[0]:.2f}: subtract the mean over the channels.")
    assert abs(found[1] - 1) < 1e-5, f"Red minus green has no gray part: its share should be 1, not {found[1]:.2f}."
    assert abs(found[2:].mean() - 2 / 3) < 0.02, (
        f"Of three channels of noise, two thirds of the energy are color, not {found[2:].mean():.2f}: compare sums of "
        "squares, over all three channels.")
    half = solution(torch.tensor([2.0, 1.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 4, 4))
    assert abs(half[0] - 0.4) < 1e-5, (
        f"Channels of 2, 1 and 0 have a gray part of 1, 1, 1 and a rest of 1, 0, −1: 2/5 is color, not {half[0]:.2f}.")
    dead = solution(torch.zeros(1, 3, 4, 4))
    assert dead[0] == 0, f"A dead filter, all zero, has no color: its share should be 0, not {dead[0].item()}."


@exercise("01", 3)
def shuffled(solution):
    """A twin of a network with the first layer's filters in another order and the same output."""
    network = nn.Sequential(
        nn.Conv2d(3, 16, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 20, 5, padding=2), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(20, 20, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(320, 10))
    before, order, x = copy.deepcopy(network.state_dict()), torch.randperm(16), torch.rand(4, 3, 32, 32)
    twin = solution(network, order)
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items()), (
        "The network itself has changed: change the copy only.")
    assert torch.equal(twin[0].weight, network[0].weight[order]), (
        "The first layer's filters should be in the new order: filter i of the twin is filter order[i].")
    assert torch.equal(twin[0].bias, network[0].bias[order]), "Each filter keeps its bias: shuffle it too."
    with torch.no_grad():
        apart = (network(x) - twin(x)).abs().max()
    assert apart < 1e-4, (
        f"The output changed, by up to {apart:.2f}: the second layer must read its channels (dim=1) in the new order.")


def grating(angle, size=11):
    """A striped filter [3, k, k] that changes in the direction `angle`, on a ground that is not zero; its channels
    differ in strength, and red has stripes of its own."""
    y, x = torch.meshgrid(torch.arange(size) - size // 2, torch.arange(size) - size // 2, indexing="ij")

    def stripes(angle, wave):
        along = x * math.cos(math.radians(angle)) + y * math.sin(math.radians(angle))
        return torch.sin(wave * along) * torch.exp(-(x**2 + y**2) / 12)

    red = stripes(angle + 90, 1.2)
    return torch.stack([red, 2.5 * stripes(angle, 1.2) - red, stripes(angle, 1.2)]) + 0.5


@exercise("01", 4)
def direction(solution):
    """The direction, from 0° to 180°, in which the gray part of a filter changes most."""
    for angle in (0, 30, 60, 90, 120, 150):
        found = solution(grating(angle))
        assert 0 <= found < 180, f"{found:.0f}°: a direction and its opposite are the same, so take it modulo 180."
        off = abs((found - angle + 90) % 180 - 90)
        assert off < 80 or angle in (0, 90), (
            f"Stripes that change along {angle}° were read as {found:.0f}°, off by a right angle: u runs along the "
            "columns, v along the rows, and atan2 takes v first. Is it the gray part, the mean over the channels?")
        assert off < 12, (
            f"Stripes that change along {angle}° were read as {found:.0f}°. The gray part, less its own mean (else "
            "the frequency zero wins, and padding smears it over its neighbors), padded to 32 × 32: where is |FFT|² "
            "largest?")
    fine = [solution(grating(angle)) for angle in range(20, 71, 2)]
    assert len(set(fine)) > 8, (
        f"26 directions from 20° to 70° were read as only {len(set(fine))} different ones: pad to 32 × 32 for a finer "
        "grid.")
