"""The checks of notebook 05."""

import math

import torch

from helpers.checks.base import exercise, same_picture


def score_of(*scores):
    """A "network" that can be done by hand, of functions of pictures [n, 3, H, W], one a class: scores [n, classes]."""
    return lambda pictures: torch.stack([score(pictures) for score in scores], dim=1)


def other(pictures):
    """The score of a class that is not asked for."""
    return 7 * pictures.sum(dim=(1, 2, 3))


SLOPES = {  # of a score with slopes of 1, −3 and 2.5: what makes them, 3 being right
    7: "That is the slope of another class: use `target`.",
    15: "That is the sum over 5 samples: divide by their number.",
    2.5: "That is the largest slope with its sign: take the absolute value first.",
    0.167: "That is the mean of the three colors: take their largest absolute value.",
    2.167: "That is the mean of the three absolute values: take the largest.",
}


@exercise("05", 1)
def smooth_grad(solution):
    """The largest absolute value, over the colors, of the mean gradient of noisy copies."""
    gray = torch.full((1, 3, 64, 64), 0.5)  # with the noise below it stays far from 0 and 1: clamping changes nothing
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    place = torch.exp(-3 * ((x - 0.3) ** 2 + (y + 0.2) ** 2)) + 0.2  # a hill: how much each pixel counts
    colors = torch.tensor([1.0, -3.0, 2.5]).view(3, 1, 1)
    slope = score_of(other, lambda x: (colors * place * x).sum(dim=(1, 2, 3)))
    found = solution(slope, gray, 1, samples=5, sigma=0.03)
    assert found.shape == (64, 64), (
        f"The result is a heat map, here [64, 64], not {list(found.shape)}: one value for the three colors.")
    low = (found / place).median().item()
    same_picture(found, low * place, (
        "A score whose slopes are a hill should give that hill as its map, with noise and without: add the noise to "
        "the picture, not to the gradient."), 1e-3)
    same_picture(found, 3 * place, (
        f"Where a score's slopes for the three colors are 1, −3 and 2.5 the map should be 3, not {low:.2f}. "
        + SLOPES.get(round(low, 3), "Take the largest absolute value of the mean gradient's three colors.")), 3e-3)

    step = score_of(other, lambda x: (x[:, 1] - 0.53).clamp(min=0).sum(dim=(1, 2)))
    found = solution(step, gray, 1, samples=40, sigma=0.03)
    share, expected = found.mean().item(), 0.5 * math.erfc(1 / math.sqrt(2))
    assert found.any(), (
        "Noise of 0.03 should lift a sixth of the copies of a pixel of 0.5 above 0.53, where this score begins to "
        "rise, but no slope was found: add `noise`, just as it is, before you take the gradient.")
    assert not ((found == 0) | (found == 1)).all(), (
        "In 40 copies a pixel is above 0.53 in some and below it in others, so the mean slope lies between 0 and 1. "
        "Here it is 0 or 1 everywhere: does every sample count, and does each have noise of its own?")
    assert ((found * 40).round() - found * 40).abs().max() < 1e-3, (
        "Of 40 copies the mean slope should be a whole number of fortieths, and is not: take `samples` gradients and "
        "divide by `samples`.")
    assert abs(share - expected) < 0.01, (
        f"With noise of standard deviation 0.03 a pixel of 0.5 is above 0.53 in {expected:.0%} of the copies, not in "
        f"{share:.0%}: each copy is the *picture* plus normal noise of its own, of standard deviation `sigma`.")

    kink = score_of(other, lambda x: (x - 0.5).abs().sum(dim=(1, 2, 3)))
    value = solution(kink, gray, 1, samples=100, sigma=0.03).mean().item()
    assert value < 0.5, (
        "A slope that is +1 in half of the copies and −1 in the others should cancel, and what is left is below 0.2. "
        f"Here it is {value:.2f}: average the signed gradients, and take the absolute value of the mean.")

    one, again, another = (solution(step, gray, 1, samples=2, sigma=0.03, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again), "The same seed gave two different maps: take the noise from `generator`."
    assert not torch.equal(one, another), "Seeds 1 and 2 gave the same map: the noise should follow `seed`."


RULES = [  # what passes of −2 and 3 at active units and of −1 and 4 at others, and what makes it
    ((-2, 3, 0, 0), "That is the plain gradient: of what arrives at an active unit only the positive passes."),
    ((0, 3, 0, 4), "That is the deconvnet: a unit that was not active lets nothing pass."),
    ((0, 1, 0, 0), "That says where the gradient passes: let the gradient itself pass there."),
    ((-2, 3, 0, 4), "Both have to hold, not one of the two."),
    ((2, 3, 0, 0), "A negative gradient does not lose its sign, it does not pass at all."),
    ((-2, 0, 0, 0), "That lets the negative gradients pass: keep the positive ones."),
    ((0, 0, 0, 4), "That lets gradients pass where the unit was *not* active."),
]


@exercise("05", 2)
def guided_rule(solution):
    """What is positive passes back through active units."""
    g, active = torch.tensor([-2.0, 3.0, -1.0, 4.0]), torch.tensor([True, True, False, False])
    found = solution(g.view(1, 4, 1, 1).clone(), active.view(1, 4, 1, 1))
    assert isinstance(found, torch.Tensor) and found.shape == (1, 4, 1, 1), (
        "The result is a gradient again, of the shape of `g`: what does not pass is zero, not left out.")
    found = found.flatten()
    mistake = next((why for wrong, why in RULES if torch.allclose(found.float(), torch.tensor(wrong).float())),
                   "Keep the gradient where it is positive and the unit was active, and zero elsewhere.")
    assert torch.allclose(found.float(), torch.tensor([0.0, 3.0, 0.0, 0.0])), (
        "Gradients of −2 and 3 arrive at two active units, −1 and 4 at two that were not: 0, 3, 0 and 0 pass, not "
        f"{', '.join(f'{each:z.2g}' for each in found.tolist())}. {mistake}")
    generator = torch.Generator().manual_seed(0)
    many, on = torch.randn(2, 3, 8, 8, generator=generator), torch.rand(2, 3, 8, 8, generator=generator) > 0.4
    found, expected = solution(many.clone(), on), many.clone().masked_fill(~on, 0)
    expected[expected < 0] = 0
    assert found.shape == many.shape, f"Gradients [2, 3, 8, 8] should stay of that shape, not {list(found.shape)}."
    wrong = ((found[0] - expected[0]).abs() > 1e-5).sum()
    same_picture(found[0], expected[0], (
        f"On a made gradient {wrong} of {found[0].numel()} values differ from what should pass: ask nothing of `g` but "
        "whether it is above zero."), 1e-5)
    same_picture(found[1], expected[1], "The second picture's gradient should follow the same rule.", 1e-5)
    assert torch.allclose(solution(0.01 * many, on).float(), 0.01 * expected, atol=1e-7), (
        "A gradient that is a hundred times fainter should pass just as well: ask only whether it is above zero.")


WAYS = [  # red, green and blue of an attribution, and what makes it
    (0.6, 0.75, 0.0, "That is the mean slope alone: multiply by the way, x − x'."),
    (0.35, 0.2, 0.0, "That takes the slope at the picture only: go all the way from gray."),
    (0.25, 0.1, 0.0, "That takes the slope at gray only: go all the way to the picture."),
    (0.35, 0.35, 0.0, "That is the way from black: start from gray, 0.5."),
    (0.175, 0.1, 0.0, "That takes the slopes on the way from black: start from gray, 0.5."),
    (0.425, 0.2, 0.0, "That goes too far: from gray, the way is x − x', not x."),
    (15.0, 7.5, 0.0, "That is a sum over 50 steps: divide by their number."),
    (0.6, 0.525, 0.0, "That multiplies by the picture: multiply by the way from gray, x − x'."),
    (3.5, 1.4, -2.1, "That explains another class than `target`."),
    (0.0, 0.0, 0.0, "Take the gradient of the score itself, not of the probability."),
]


STEPS = {  # of x³ from gray to white in two steps
    1.172: "Yours are taken at the ends of the steps.",
    0.609: "Yours are taken where the steps begin.",
    0.938: "Yours are taken at gray and at the picture.",
}


@exercise("05", 4)
def integrated_gradients(solution):
    """The way from gray to the picture times the mean gradient at the middles of its steps."""
    pixel = torch.tensor([1.0, 0.7, 0.2]).view(1, 3, 1, 1)
    product = score_of(other, lambda x: (x[:, 0] * x[:, 1]).sum(dim=(1, 2)))
    found = solution(product, pixel, 1, steps=50)
    assert found.shape == (3, 1, 1), f"One value for each color of each pixel, [3, H, W], not {list(found.shape)}."
    red, green, blue = found.flatten().tolist()
    mistake = next((why for *wrong, why in WAYS if torch.allclose(found.flatten(), torch.tensor(wrong), atol=0.02)),
                   "Take the gradient of the score of `target` on the straight way from gray to the picture.")
    assert torch.allclose(found.flatten(), torch.tensor([0.3, 0.15, 0.0]), atol=1e-3), (
        "The score is red times green, the pixel (1, 0.7, 0.2), from gray (0.5, 0.5, 0.5). Red gets its way, 0.5, "
        "times the mean of green, 0.6: 0.30. Green gets 0.2 times 0.75: 0.15, and blue nothing. Yours: "
        f"{red:z.2f}, {green:z.2f}, {blue:z.2f}. {mistake}")
    dark = torch.tensor([0.3, 0.9, 0.5]).view(1, 3, 1, 1)
    found = solution(product, dark, 1, steps=50)
    assert abs(found[0].item() + 0.14) < 1e-3, (
        "Red of 0.3 is 0.2 below gray, and the mean of green is 0.7: what it adds is −0.14, with its sign, not "
        f"{found[0].item():.2f}.")

    cube = score_of(other, lambda x: x.pow(3).sum(dim=(1, 2, 3)))
    white = torch.ones(1, 3, 2, 2)
    found = solution(cube, white, 1, steps=2)[0, 0, 0].item()
    right = 0.5 * 3 * (0.625**2 + 0.875**2) / 2
    mistake = STEPS.get(round(found, 3), "Does the number of steps follow `steps`?")
    assert abs(found - right) < 1e-4, (
        "With 2 steps the gradient is taken at their middles, a quarter and three quarters of the way. For x³ and a "
        f"white pixel this gives {right:.3f}, not {found:.3f}. {mistake}")
    generator = torch.Generator().manual_seed(0)
    picture, weights = torch.rand(1, 3, 8, 8, generator=generator), torch.randn(3, 8, 8, generator=generator)
    curved = score_of(other, lambda x: (weights * x).sum(dim=(1, 2, 3)).sigmoid() * 10)
    found = solution(curved, picture, 1, steps=50)
    gain = (curved(picture) - curved(torch.full_like(picture, 0.5)))[0, 1].item()
    assert abs(found.sum().item() - gain) < 0.02 * abs(gain), (
        f"Completeness: the sum of the attributions should be the gain of the score, {gain:.2f}, not "
        f"{found.sum():.2f}. Every gradient counts with its sign.")


@exercise("05", 5)
def share_of_wins(solution):
    """The share of bootstrap draws of scenes in which one method's mean is greater than the other's."""
    flat, even = torch.arange(30.0), torch.tensor([1.0, -1.0] * 15)
    rare = torch.tensor([1.0] * 19 + [-100.0])
    found = solution(flat + 1, flat)
    assert 0 <= found <= 1, f"A share lies between 0 and 1, and this is {found}: divide by the number of draws."
    assert found > 0, "If a is better by 1 in every scene it should win every draw, and wins none: who beats whom?"
    assert found == 1, (
        f"If a is better by 1 in every scene it wins every draw, not {found:.0%}: draw the same scenes for both.")
    found = solution(flat, flat + 1)
    assert found == 0, f"If b is better in every scene, a wins no draw, not {found:.0%}: count the draws that a wins."
    found = solution(flat, flat)
    assert found == 0, f"Equal means are no win, yet a wins {found:.0%}: count the draws in which its mean is greater."
    found = solution(even, torch.zeros(30))
    assert found > 0, (
        "Two methods that win equally many scenes by equally much should each win some draws, and a wins none: draw "
        "*with* replacement, so that a scene can come twice, or not at all.")
    found = solution(rare, torch.zeros(20))
    mistake = ("compare the *means* of whole draws, not medians or single scenes" if found > 0.9 else
               "take the mean of the scenes of each draw, then count draws" if found == 0 else
               "draw as many scenes as there are, 20, with replacement")
    assert 0.28 < found < 0.44, (
        "Better by 1 in 19 scenes and worse by 100 in one: a wins if that one is not drawn, and it is missing "
        f"in about 36 % of the draws of 20 scenes. You count {found:.0%}: {mistake}.")
    found = solution(even, torch.zeros(30))
    assert 0.36 < found < 0.56, (
        "Two methods that win equally many of 30 scenes by equally much each win about 43 % of the draws (the others "
        f"are ties), not {found:.0%}: take the mean of the scenes of each draw, and count draws.")
    found = solution(even, torch.zeros(30), draws=7)
    assert abs(found * 7 - round(float(found) * 7)) < 1e-3, (
        f"Of 7 draws a share is a whole number of sevenths, not {found:.3f}: make `draws` draws.")
    shares = [solution(even, torch.zeros(30), seed=seed) for seed in (1, 1, 2, 3)]
    assert shares[0] == shares[1], "The same seed gave two different shares: draw with `generator`."
    assert len(set(map(float, shares))) > 1, "Seeds 1, 2 and 3 gave the same share: the draws should follow `seed`."


@exercise("05", 3)
def specificity(solution):
    """The heat on the subject asked for, as a share of the heat on either of two."""
    asked, other, even = torch.zeros(4, 4, dtype=torch.bool), torch.zeros(4, 4, dtype=torch.bool), torch.ones(4, 4)
    asked[0, :2], other[2:] = True, True
    found = solution(asked.float(), asked, other)
    assert abs(found - 1) < 1e-3, f"If all heat lies on the subject asked for the share is 1, not {found:.2f}."
    found = solution(other.float(), asked, other)
    assert abs(found) < 1e-3, f"If all heat lies on the other subject the share is 0, not {found:.2f}."
    found = solution(even, asked, other)
    named = {0.125: "the heat of the whole picture is not asked: heat on neither counts for neither",
             0.5: "add the heat up, don't average it or take its largest value", 0.8: "this is the other's share",
             0.25: "divide by the heat on both together, not by the other's"}
    mistake = named.get(round(float(found), 3), "divide the heat on the one by the heat on both")
    assert abs(found - 0.2) < 1e-3, (
        f"Two pixels of heat on the one, eight on the other: 2 of 10, 0.20, not {found:.2f}: {mistake}.")
    uneven = even.clone()
    uneven[0, 0] = 7
    found = solution(uneven, asked, other)
    assert abs(found - 0.5) < 1e-3, (
        f"Heat of 7 and 1 on the one, eight times 1 on the other: 8 of 16, 0.50, not {found:.2f}. "
        "Add the heat up, as it is.")
    found = solution(1e-7 * even, asked, other)
    assert abs(found - 0.2) < 1e-3, (
        f"A map that is fainter everywhere has the same share, 0.20, not {found:.2f}: add no constant to the divisor.")
    for name, heat in (("no heat", torch.zeros(4, 4)), ("no heat on either subject", (~(asked | other)).float())):
        found = solution(heat, asked, other)
        assert abs(found - 0.5) < 1e-3, (
            f"A map with {name} is undecided: return 0.5, where 0 would be divided by 0, not {found:.2f}.")
