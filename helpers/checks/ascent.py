"""The checks of notebook 07."""

from statistics import NormalDist

import torch
import torch.nn.functional as F
from torch import nn

from helpers.ascent import optimize_image
from helpers.checks.base import exercise, same_picture


class Wishes(nn.Module):
    """A toy of five classes: a logit falls with the weighted squared distance of a picture [n, 3, 32, 32] from the
    class's wish, which has values outside of [0, 1], too. `asked` counts its looks."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.register_buffer("wishes", 0.8 + torch.randn(5, 3, 32, 32, generator=generator))
        by_color = torch.tensor([0.5, 1, 1.5]).view(3, 1, 1)
        self.register_buffer("weights", by_color * torch.rand(5, 3, 32, 32, generator=generator))
        self.asked = 0

    def forward(self, x):
        self.asked += 1
        return -100 * (self.weights * (x[:, None] - self.wishes).square()).mean((2, 3, 4))

    def slopes(self, x):
        """The gradients of the logits at a picture [1, 3, 32, 32]: [5, 3, 32, 32]."""
        return 200 * self.weights * (self.wishes - x) / x.numel()


def that_fits(causes, holds):
    """What to say of the first cause {text: value} that holds; nothing if none does."""
    return next((f" {text}" for text, value in causes.items() if holds(value)), "")


@exercise("07", 1)
def ascend(solution):
    """Steps of one size up the slope of a class's logit, each from where the last one ended, clipped to [0, 1]."""
    network, target, lr = Wishes(), 3, 0.002
    start = 0.35 + 0.3 * torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    once = solution(network, target, start, 1, lr).detach()
    assert network.asked, (
        "The network that was handed in was never asked: use the argument `network`, not a network of the notebook.")
    assert not start.requires_grad, (
        "The start that was handed in is left with `requires_grad_()` switched on: switch it on for a copy.")
    assert once.shape == start.shape, f"A picture {list(start.shape)} was handed in, and {list(once.shape)} came back."

    slopes, change = network.slopes(start), once - start
    g, mean = slopes[target], (network(start).softmax(1)[0, :, None, None, None] * slopes).sum(0)
    causes = {
        "It goes down: add the gradient, don't subtract it.": -g,
        "It goes along the gradient's *sign*: take the gradient itself.": g.sign(),
        "It raises the class's *probability* or lowers its loss: take the logit's gradient, without softmax.": g - mean,
        "It raises all the logits together: take that of the target alone.": slopes.sum(0),
        "It is scaled in each color by itself: divide by one number.": g / g.square().mean((1, 2), keepdim=True).sqrt(),
        "It is scaled at each pixel by itself: divide by one number.": g / g.square().mean(0, keepdim=True).sqrt(),
        "It begins at gray: begin at the picture that is handed in.": 0.5 - start,
    } | {f"It raises the logit of class {other}: use the argument `target`.": slopes[other] for other in (0, 1, 2, 4)}
    assert change.norm() > 0, "One step changed nothing: return the picture that the step led to."
    assert F.cosine_similarity(change.flatten(), g.flatten(), dim=0) > 0.999, (
        f"The first step does not go up the slope of the logit of class `target` = {target}." + that_fits(
            causes, lambda way: F.cosine_similarity(change.flatten(), way.flatten(), dim=0) > 0.999))

    moved, root = change.square().mean().sqrt().item(), g.square().mean().sqrt()
    sizes = {"The gradient was divided by its mean absolute value.": g.abs().mean(),
             "The gradient was not divided at all.": torch.tensor(1.0),
             "The gradient was divided by its length: the mean of the squares was asked for, not their sum.": g.norm(),
             "The gradient was divided by its largest value.": g.abs().max(),
             "The gradient was divided by its standard deviation, which leaves its mean out.": g.std(),
             "The gradient was divided by the mean of its squares: the root is missing.": root.square(),
             "That is 0.02, whatever `lr` is: use the argument.": root * lr / 0.02}
    assert abs(moved - lr) < 1e-5, (
        f"One step with lr = {lr} should move the pixels by {lr} in the root mean square (the root of the mean of the "
        f"squares), and moved them by {moved:.5f}." + that_fits(
            sizes, lambda size: abs(moved * size / lr / root - 1) < 1e-3))

    second, two = solution(network, target, once, 1, lr).detach(), solution(network, target, start, 2, lr).detach()
    assert not torch.allclose(two, once, rtol=0, atol=1e-6), (
        "Two steps lead to the same picture as one: each should go on from where the last one ended.")
    assert torch.allclose(two, second, rtol=0, atol=1e-6), (
        "Two steps should lead where one step leads from the end of another, and don't: take the gradient anew at each "
        "picture, and let go of the old one.")

    far = solution(network, target, start, 1, 0.5).detach()
    assert far.min() >= 0, f"After a long step a value is {far.min():.2f}, darker than black: clip at 0, too."
    assert far.max() <= 1, f"After a long step a value is {far.max():.2f}, lighter than white: clip at 1, too."
    again, two = solution(network, target, far, 1, 0.5).detach(), solution(network, target, start, 2, 0.5).detach()
    assert torch.allclose(two, again, rtol=0, atol=1e-5), (
        "Two long steps should lead where one leads from the end of another, and don't: clip after *each* step.")
    by_helper = optimize_image(start, lambda image: network(image)[0, target], 6).image
    same_picture(solution(network, target, start, 6).detach()[0], by_helper[0], tolerance=1e-4, message=(
        "Six steps with the default `lr` lead elsewhere than those of the course's own loop, `optimize_image`."))


def by_hand(picture):
    """The total variation of a picture [3, H, W], value by value."""
    values, (colors, height, width) = picture.tolist(), picture.shape
    places = [(c, i, j) for c in range(colors) for i in range(height) for j in range(width)]
    return (sum((values[c][i][j + 1] - values[c][i][j]) ** 2 for c, i, j in places if j + 1 < width)
            + sum((values[c][i + 1][j] - values[c][i][j]) ** 2 for c, i, j in places if i + 1 < height))


@exercise("07", 2)
def total_variation(solution):
    """For each picture the sum of squared differences of all values to their right and lower neighbors."""
    flat = torch.full((2, 3, 6, 8), 0.3)
    stripe, edge, rows, blue, tinted = (flat.clone() for _ in range(5))
    stripe[..., 3:5], edge[..., 4:], rows[1, :, ::2], blue[:, 2, :, 3:5] = 0.7, 0.7, 0.7, 0.7
    tinted[:, 1] = 0.9
    found = solution(stripe)
    assert isinstance(found, torch.Tensor), (
        f"The result is a {type(found).__name__} and should be a tensor: `.item()` and `.tolist()` cut the gradient "
        "off.")
    assert found.shape == (2,), (
        f"Two pictures should give two numbers, shape [2], not {list(found.shape)}: sum over colors, rows and columns, "
        "not over pictures.")
    assert abs(found[0] - 5.76) < 1e-4, (
        "A stripe has two edges, 6 rows high, of 0.4 in three colors: 2 · 6 · 3 · 0.4² = 5.76, not "
        f"{found[0]:.2f}." + that_fits({
            "Square the differences.": 14.4, "Sum over the colors, don't average.": 1.92,
            "Each difference counts once, not both ways.": 11.52, "Take no root.": 2.4,
            "Horizontal differences are left out.": 0, "Sum, don't average.": 5.76 / 126,
            "Only five of the six rows are counted.": 4.8,
        }, lambda value: abs(found[0] - value) < 1e-3))
    found = solution(edge)[0]
    assert abs(found - 2.88) < 1e-4, (
        f"One edge, dark on the left and light on the right, counts 6 · 3 · 0.4² = 2.88, not {found:.2f}: the last "
        "column has no right neighbor, so don't go around the border, and don't pad.")
    found = solution(rows)
    assert torch.allclose(found, torch.tensor([0, 5 * 8 * 3 * 0.16])), (
        "A flat picture counts 0, and five horizontal edges, 8 columns wide, count 5 · 8 · 3 · 0.4² = 19.20, not "
        f"{found[0]:.2f} and {found[1]:.2f}: each row is compared with the next.")
    found = solution(tinted)[0]
    assert abs(found) < 1e-6, (
        f"A picture of one flat color has no differences between neighbors, yet counts {found:.2f}: don't compare its "
        "channels with each other.")
    found = solution(blue)[0]
    assert abs(found - 1.92) < 1e-4, (
        f"A stripe in the blue channel alone counts 2 · 6 · 0.4² = 1.92, not {found:.2f}: each channel has its own "
        "differences.")
    some = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected, found = [by_hand(picture) for picture in some], solution(some).tolist()
    assert all(abs(a - b) < 1e-4 for a, b in zip(expected, found)), (
        f"Of two pictures of noise the sums, value by value, are {expected[0]:.2f} and {expected[1]:.2f}, not "
        f"{found[0]:.2f} and {found[1]:.2f}: the last row has right neighbors, and the last column lower ones.")
    assert solution(some.requires_grad_()).requires_grad, (
        "The result has no gradient, which this rule needs: no `.item()`, `.detach()` or `no_grad` on the way.")


def interval(found):
    """The two ends of what a solution returned."""
    assert isinstance(found, (tuple, list, torch.Tensor)) and len(found) == 2, "Return two numbers: low and high."
    low, high = map(float, found)
    assert low <= high, f"The lower end comes first: {low:.3f} is above {high:.3f}."
    return low, high


@exercise("07", 3)
def bootstrap_difference(solution):
    """The 2.5 % and the 97.5 % quantile of the mean difference, over draws of the same cases with putting back."""
    generator = torch.Generator().manual_seed(5)
    one, other = torch.rand(100, generator=generator), torch.rand(100, generator=generator)
    low, high = interval(solution(other + 0.2, other))
    assert abs(low + 0.2) > 1e-4 or abs(high + 0.2) > 1e-4, (
        "0.2 was found as −0.2: the difference is first minus second.")
    assert high - low < 1e-4, (
        "Each case of the first is 0.2 above that of the second, so in any draw the means differ by 0.2, not by "
        f"{low:.2f} to {high:.2f}: draw the same cases for both, and subtract.")
    assert abs(low - 0.2) < 1e-4, (
        f"Each case of the first is 0.2 above that of the second, yet the interval lies at {low:.2f}: take the mean "
        "of each draw.")

    for place, name, why in (
            (0, "first", "counting begins at 0"), (19, "last", "the limit of `randint` itself is never drawn")):
        single = torch.eye(20)[place]
        low, high = interval(solution(single, torch.zeros(20)))
        assert low >= 0, (
            "All of 20 differences are 0, but for one of 1. No draw has a mean below 0, yet the interval begins at "
            f"{low:.3f}: take the quantiles of the draws' means, not a mean ± 1.96 standard errors.")
        assert high > 1e-6, (
            f"All of 20 differences are 0, but for the {name} one. Most draws hold it, yet the interval ends at 0: "
            f"{why}, so that the numbers of n cases are those from 0 to n − 1.")

    low, high = interval(solution(one, other, rounds=10000))
    difference = one - other
    mean, error = difference.mean().item(), difference.std(correction=0).item() / 10
    expected = 2 * 1.96 * error
    assert high - low > 1e-4, "The interval is a point, as if each draw held the same cases: draw with putting back."
    assert abs((low + high) / 2 - mean) < error, (
        f"The interval should lie around the difference of the means, {mean:.3f}, and lies around "
        f"{(low + high) / 2:.3f}.")
    assert 0.75 * expected < high - low < 1.38 * expected, (
        f"The interval is {high - low:.3f} wide; for these 100 cases it should be about {expected:.3f}: take the "
        "*mean* of each draw, and draw as many cases as there are.")
    below, above = NormalDist(mean, error).cdf(low), 1 - NormalDist(mean, error).cdf(high)
    assert abs(low - mean + 1.96 * error) < 0.15 * error and abs(high - mean - 1.96 * error) < 0.15 * error, (
        f"About {100 * below:.1f} % of the draws' means lie below the interval and {100 * above:.1f} % above it; it "
        "should be 2.5 % on either side, which leaves 95 % inside.")
    assert interval(solution(one, other, seed=1)) == interval(solution(one, other, seed=1)), (
        "The same seed gave two intervals: draw with a `torch.Generator` that is seeded by `seed`.")
    ends = torch.tensor([interval(solution(one, other, rounds=20, seed=seed))[1] for seed in range(16)])
    assert ends.std() > 0, "Sixteen seeds gave the same interval: use the argument `seed`."
    assert ends.std() > 0.15 * error, (
        "With 20 draws the interval should vary much from seed to seed, and does not: use the argument `rounds`.")
