"""The checks of notebook 04."""

import torch
import torch.nn.functional as F

from helpers.checks.base import exercise

CHAINS = [  # steps, what is asked, what is right, why
    ([(3, 1, 0)], "size", 3, "one kernel sees k pixels, so the size grows by k − 1"),
    ([(3, 1, 0)], "stride", 1, "the strides are multiplied, not added"),
    ([(3, 1, 0)], "offset", 1, "the first unit sees pixels 0, 1 and 2 and looks at the middle one"),
    ([(3, 1, 1)], "offset", 0, "each padded pixel moves it back by one"),
    ([(2, 2, 0)], "size", 2, "the step's own stride counts from the next layer on, so multiply the stride last"),
    ([(2, 2, 0)], "stride", 2, "the strides are multiplied, not added"),
    ([(2, 2, 0)], "offset", 0.5, "the unit sees pixels 0 and 1 and looks between them, whatever the step's own stride"),
    ([(2, 2, 0)] * 2, "size", 4, "the second kernel's units are 2 pixels apart, so it adds (k − 1) · 2"),
    ([(2, 2, 0)] * 2, "stride", 4, "the strides of all steps are multiplied"),
    ([(2, 2, 0)] * 2, "offset", 1.5, "the second step moves it by half a unit of the layer below, 2 pixels wide"),
    ([(2, 2, 0), (3, 1, 1)], "offset", 0.5, "what is padded are units of the layer below, here 2 pixels wide"),
]


@exercise("04", 1)
def chain_field(solution):
    """Size, stride and offset of what a unit sees through a chain of (kernel, stride, padding)."""

    def found(steps):
        answer = solution(steps)
        assert isinstance(answer, (tuple, list)) and len(answer) == 3, "Return three numbers: size, stride and offset."
        return dict(zip(("size", "stride", "offset"), answer))

    start = found([])
    assert tuple(start.values()) == (1, 1, 0), (
        f"Through no layer at all a unit is a pixel: size 1, stride 1, offset 0, not {tuple(start.values())}.")
    for steps, name, right, why in CHAINS:
        value = found(steps)[name]
        assert abs(value - right) < 1e-6, f"Through {steps} the {name} should be {right}, not {value}: {why}."
    steps = [(5, 2, 0), (3, 1, 1), (2, 2, 1), (3, 2, 1)]
    (first, last), (next_first, _) = pixels_seen(steps, 6), pixels_seen(steps, 7)
    size, stride, offset = found(steps).values()
    assert size == last - first + 1, f"Through {steps} the gradient reaches {last - first + 1} pixels, not {size}."
    assert stride == next_first - first, (
        f"Through {steps} the next unit sees pixels {next_first - first} further right, not {stride}.")
    assert abs(offset + 6 * stride - (first + last) / 2) < 1e-6, (
        f"Through {steps} unit 6 sees the pixels {first} to {last} and looks at {(first + last) / 2}, not at "
        f"offset + 6 · stride = {offset + 6 * stride}.")


def pixels_seen(steps, unit):
    """The first and the last pixel of a row that have a gradient to a unit, where every path is open."""
    row = torch.ones(1, 1, 200, dtype=torch.double, requires_grad=True)
    x = row
    for k, s, p in steps:
        x = F.conv1d(x, torch.ones(1, 1, k, dtype=torch.double), stride=s, padding=p)
    (gradient,) = torch.autograd.grad(x[0, 0, unit], row)
    reached = torch.where(gradient[0, 0] > 0)[0].tolist()
    return reached[0], reached[-1]


SIDES = {  # of half of a flat map of 30 × 30: what makes them, 22 being right
    2: "compare with a share of the map's sum",
    10: "row *and* column must be near, not one of them",
    10.5: "return the side, not how far it reaches",
    11: "a pixel may be at most (side - 1) / 2 away, on either side",
    16: "row *and* column must be near",
    21: "a pixel may be at most (side - 1) / 2 away",
    23: "`center` lies between two pixels here, so don't round it, and try even sides too",
    26: "in a square the larger of the two distances counts, in a circle the root of their squares",
    31: "in a square the larger of the two distances counts, not their sum",
}


@exercise("04", 2)
def effective_size(solution):
    """The side of the smallest square around a center that holds a share of a map's sum."""
    found = solution(torch.ones(30, 30), 14.5, 0.5)
    assert found == 22, (
        "Half of a flat map of 30 × 30 takes a square of 22 × 22 (20 × 20 are 400 of 900 pixels), not of side "
        f"{found}: {SIDES.get(found, 'add up the strength at most (side - 1) / 2 away, along both axes')}.")
    spot = torch.zeros(20, 20)
    spot[8:12, 8:12] = 1.0
    found = solution(spot, 9.5, 0.2)
    assert found == 2, (
        f"A fifth of a spot of 4 × 4 is in its inner 2 × 2: side 2, not {found}. Try all sides from 1 upward, "
        "until they hold `share`.")
    found = solution(spot, 9.5, 0.25)
    assert found == 2, f"A quarter is just what the inner 2 × 2 hold: “at least” is reached at side 2, not {found}."
    found = solution(spot, 9, 0.5)
    assert found == 3, (
        "Around pixel 9 lie squares of 1 × 1, 3 × 3, 5 × 5 …; 3 × 3 hold nine of the spot's sixteen pixels, so the "
        f"side is 3, not {found}. The square lies around `center`, not around the picture's middle.")
    found = solution(spot.roll((4, 4), dims=(0, 1)), 13.5, 0.5)
    assert found == 4, f"Around a spot at 13.5 the side is 4, not {found}: the square lies around `center`."
    found = solution(torch.ones(20, 20), 9.5, 1.0)
    assert found == 20, f"All of a flat map of 20 × 20 takes a side of 20, not {found}."
    spot[9:11, 9:11] = 2.0
    found = solution(spot, 9.5, 0.5)
    assert found == 4, (
        "Four pixels of 2 in a ring of twelve of 1 hold 8 of 20, less than half: the side should be 4, not "
        f"{found}. Add the strengths up as they are.")


SHARES = {  # of means 3, 1 and 0: what makes them, 0.71 being right
    1.0: "the lowest mean in the place of the others' mean",
    0.5: "the second largest mean in the place of the others' mean",
    0.8: "a mean over all scenes of the others, where each class should count once",
    0.83: "a division by the largest mean alone",
    0.78: "the largest activation of each class, not its mean",
}


@exercise("04", 3)
def selectivity(solution):
    """How much more active each unit is for its best class than for the others, on average."""
    features = torch.tensor([[2.0, 1.0, 0.0, 4.0], [2.0, 1.0, 0.0, 2.0], [0.0, 1.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0],
                             [0.0, 1.0, 0.0, 0.0]])
    classes = torch.tensor([0, 0, 1, 2, 2])
    found = solution(features, classes)
    assert found.shape == (4,), (
        f"Four units should give four numbers, not {list(found.shape)}: average over the scenes of a class, not over "
        "units.")
    assert abs(found[0] - 1) < 0.01, (
        "A unit that is active for one class only, with means of 2, 0 and 0, should have (2 − 0) / (2 + 0) = 1, not "
        f"{found[0]:.2f}: "
        + ("divide by the sum of the two." if found[0] > 1 else "the others are all classes but this one."))
    assert abs(found[1]) < 0.01, (
        "A unit that treats all classes alike, with means of 1, 1 and 1, should have (1 − 1) / (1 + 1) = 0, not "
        f"{found[1]:.2f}: of the others take the mean.")
    assert abs(found[2]) < 0.01, (
        f"A unit that is never active has no selectivity: 0, not {found[2]:.2f}. Keep the divisor above a tiny value.")
    mistake = SHARES.get(round(found[3].item(), 2), "another rest or divisor")
    assert abs(found[3] - 2.5 / 3.5) < 0.01, (
        f"The last unit's means are 3, 1 and 0, so it should have (3 − 0.5) / (3 + 0.5) = 0.71. Yours, {found[3]:.2f}, "
        f"comes of {mistake}.")
    faint = solution(features * 1e-4, classes)
    assert abs(faint[3] - 2.5 / 3.5) < 0.03, (
        f"A unit that is fainter in all scenes is as selective as before, 0.71, not {faint[3]:.2f}: what keeps the "
        "divisor from zero must be far smaller than any activation.")


@exercise("04", 4)
def pillars(solution):
    """The units whose activation times weight is largest, as a mean over the scenes."""

    def found(features, weight, count):
        units = solution(torch.tensor(features), torch.tensor(weight), count)
        assert not isinstance(units, torch.return_types.topk), "`topk` gives values and indices: return the indices."
        units = torch.as_tensor(units)
        assert units.shape == (count,), f"Asked for {count} units, return {count} numbers, not {list(units.shape)}."
        assert not units.is_floating_point(), "Return the numbers of the units (`indices`), not what they add."
        return sorted(units.tolist())

    features, weight = [[1.0, 4.0, 0.0, 2.0], [1.0, 2.0, 0.0, 4.0]], [1.0, -2.0, 9.0, 2.0]
    units = found(features, weight, 2)
    assert 2 not in units, (
        "Unit 2 has the largest weight but is never active, so it adds nothing: multiply by the activation.")
    assert 1 not in units, "Unit 1 has a negative weight: what it adds is −6, it speaks against the class."
    assert units == [0, 3], f"Units 0 to 3 add 1, −6, 0 and 6 on average: the most add 0 and 3, not {units}."
    assert len(set(found(features, weight, 3))) == 3, "Three units should be three different ones."
    units = found([[6.0, 4.0, 0.0], [0.0, 4.0, 7.0]], [1.0, 1.0, 1.0], 1)
    assert units == [1], (
        f"Unit 1 adds 4 in each of two scenes, units 0 and 2 only 3 and 3.5 on average, yet you chose unit {units[0]}: "
        "take the mean over all scenes, not one scene or the largest value.")
    units = found([[2.0, 0.1], [2.0, 0.1], [2.0, 0.1], [2.0, 9.0], [2.0, 6.0]], [1.0, 1.0], 1)
    assert units == [1], (
        "Unit 0 adds 2 in each of five scenes; unit 1 hardly anything in three, but 9 and 6 in the others, so 3.06 on "
        "average. You chose unit 0: take the mean, not the minimum, the median or the geometric mean.")
