"""The checks of notebook 04."""

import torch
import torch.nn.functional as F

from helpers.checks.base import exercise, same_picture

STEPS = [  # steps, pixel, the first and the last unit that see it, why
    ([(3, 1, 0)], 5, (3, 5), "units 3, 4 and 5 read the pixels 3 to 5, 4 to 6 and 5 to 7"),
    ([(3, 1, 0)], 1, (0, 1), "no unit has a negative number"),
    ([(3, 1, 1)], 5, (4, 6), "a padded zero comes first, so unit u reads the pixels u − 1 to u + 1"),
    ([(2, 2, 0)], 4, (2, 2), "unit 2 reads the pixels 4 and 5"),
    ([(2, 2, 0)], 5, (2, 2), "unit 2 reads the pixels 4 and 5"),
    ([(3, 2, 0)], 4, (1, 2), "units 1 and 2 read the pixels 2 to 4 and 4 to 6"),
    ([(3, 2, 0)], 5, (2, 2), "units 1 and 2 read the pixels 2 to 4 and 4 to 6"),
    ([(3, 2, 1)], 5, (2, 3), "units 2 and 3 read the pixels 3 to 5 and 5 to 7"),
    ([(2, 2, 0), (3, 1, 1)], 9, (3, 5), "the pooling's unit 4 sees it, and the kernel's units 3, 4 and 5 see that one"),
    ([(3, 1, 1), (2, 2, 0)], 9, (4, 5), "the kernel's units 8 to 10 see it, and the pooling's units 4 and 5 see those"),
]


@exercise("04", 1)
def units_that_see(solution):
    """The first and the last unit that a pixel reaches through a chain of (kernel, stride, padding)."""

    def found(steps, pixel):
        answer = solution(given := [*steps], pixel)
        assert isinstance(answer, (tuple, list)) and len(answer) == 2, (
            "Return two numbers: the first unit and the last.")
        assert given == steps, "The list of steps belongs to the caller: leave it as it was."
        return tuple(answer)

    for steps, pixel, right, why in STEPS:
        answer = found(steps, pixel)
        assert answer == right, (
            f"Through {steps} pixel {pixel} is seen by the units {right[0]} to {right[1]}, not by {answer[0]} to "
            f"{answer[1]}: {why}.")
    assert found([], 7) == (7, 7), f"Through no step at all a unit is a pixel: pixel 7 is unit 7, not {found([], 7)}."
    steps = [(5, 2, 0), (3, 1, 1), (2, 2, 1), (3, 2, 1)]
    for pixel in range(0, 60, 7):
        answer, right = found(steps, pixel), reached(steps, pixel)
        assert answer == right, (
            f"Through {steps} a change of pixel {pixel} moves the units {right[0]} to {right[1]}; you say "
            f"{answer[0]} to {answer[1]}.")


def reached(steps, pixel):
    """The first and the last unit that are not zero if one pixel of a row alone isn't, where every path is open."""
    x = torch.zeros(1, 1, 200, dtype=torch.double)
    x[0, 0, pixel] = 1
    for k, s, p in steps:
        x = F.conv1d(x, torch.ones(1, 1, k, dtype=torch.double), stride=s, padding=p)
    units = torch.where(x[0, 0] > 0)[0].tolist()
    return units[0], units[-1]


def maps_with(size, peaks):
    """Maps of zeros but for peaks {(picture, row, column): value}."""
    maps = torch.zeros(size)
    for place, value in peaks.items():
        maps[place] = value
    return maps


@exercise("04", 2)
def strongest_places(solution):
    """The strongest places of several maps, none near a stronger one of the same map."""

    def found(maps, k, apart):
        answer = solution(maps, k, apart)
        assert all(torch.as_tensor(each).numel() == 3 for each in answer), (
            "Return a list, each place in it three numbers: (picture, row, column).")
        assert len(answer) == k, f"Asked for k = {k}, return a list of so many places, not of {len(answer)}."
        return [tuple(int(number) for number in each) for each in answer]

    one = found(maps_with((3, 8, 9), {(1, 2, 6): 5.0}), 1, 2)
    assert one == [(1, 2, 6)], f"The only peak is in picture 1, row 2, column 6: [(1, 2, 6)], not {one}."
    beside = {(0, 4, 5): 4.0, (0, 3, 3): 3.8, (0, 5, 5): 3.5}
    peaks = {(0, 4, 4): 5.0, **beside, (0, 4, 6): 3.0, (0, 2, 4): 2.0}
    right = [(0, 4, 4), (0, 4, 6), (0, 2, 4)]
    places = found(maps_with((1, 8, 9), peaks), 3, 2)
    assert places[0] == (0, 4, 4), f"The strongest place comes first: (0, 4, 4), not {places[0]}."
    assert not {*beside} & {*places}, (
        "With `apart` = 2 the eight neighbors of a place that was taken don't count, those across a corner included. "
        f"You took {places}.")
    assert places == right, (
        f"Two columns away is far enough for `apart` = 2, and so are two rows: {right}, not {places}.")
    places = found(maps_with((2, 8, 9), {(0, 4, 4): 5.0, (1, 4, 4): 4.0, (0, 1, 1): 3.0}), 3, 3)
    assert places == [(0, 4, 4), (1, 4, 4), (0, 1, 1)], (
        "A place keeps others away in its own picture alone, and a picture may give several: "
        f"[(0, 4, 4), (1, 4, 4), (0, 1, 1)], not {places}.")
    places = found(maps_with((1, 8, 9), {(0, 0, 1): 5.0, (0, 1, 0): 4.0, (0, 7, 8): 3.0, (0, 6, 8): 2.0}), 2, 3)
    assert places == [(0, 0, 1), (0, 7, 8)], (
        f"In the corners: [(0, 0, 1), (0, 7, 8)], not {places}. A slice that starts below 0 starts from the end.")
    places = found(maps_with((1, 9, 9), {(0, 4, 4): 5.0, (0, 7, 7): 4.0, (0, 4, 0): 3.0}), 2, 4)
    assert places == [(0, 4, 4), (0, 4, 0)], (
        "A place 3 rows *and* 3 columns away is near for `apart` = 4: what is near is a square, not a circle. Right "
        f"are [(0, 4, 4), (0, 4, 0)], not {places}.")
    places = found(maps_with((1, 5, 5), {(0, 2, 2): 5.0, (0, 0, 0): 0.5}) - 30, 2, 2)
    assert places == [(0, 2, 2), (0, 0, 0)], (
        "Activations may be negative, as those of layers without a ReLU. Here all are, down to −30, and the highest "
        f"lie at [(0, 2, 2), (0, 0, 0)], not at {places}. What may not be found again must become lower than all of "
        "them: neither zero nor −1 will do.")
    maps = torch.randn(3, 14, 14)
    right = reference(maps, 20, 4)
    places = found(maps, 20, 4)
    same_picture(marked(places, maps), marked(right, maps),
                 "Wrong ones among your 20 places in three random maps, side by side, for `apart` = 4: "
                 f"{len({*places} - {*right})}. A place is too near where *both* its row and its column are fewer than "
                 "`apart` away from those of *any* place that was taken before in the same picture.")
    assert places == right, f"The places are right but for their order: the strongest first, {right[:3]} …"


def reference(maps, k, apart):
    """All places from the strongest on, each but for those near one that was taken."""
    taken = []
    for index in maps.flatten().argsort(descending=True).tolist():
        picture, row, column = index // maps[0].numel(), index // maps.shape[2] % maps.shape[1], index % maps.shape[2]
        if all(n != picture or abs(y - row) >= apart or abs(x - column) >= apart for n, y, x in taken):
            taken.append((picture, row, column))
    return taken[:k]


def marked(places, maps):
    """The places, as ones on black maps that lie side by side: [h, n · w]."""
    picture = torch.zeros(maps.shape)
    for place in places:
        picture[place] = 1.0
    return torch.cat([*picture], dim=1)


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


@exercise("04", 3)
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
