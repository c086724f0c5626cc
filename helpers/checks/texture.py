"""The checks of notebook 10."""

import time

import torch

from helpers.checks.base import exercise, same_picture


@exercise("10", 1)
def most_known(solution):
    """The unknown pixel with the most known ones in the window around it."""
    def found(known, window):
        return tuple(map(int, solution(known, window)))

    known = torch.ones(9, 12, dtype=torch.bool)
    known[2:7, 3:10] = False
    row, column = found(known, 3)
    assert not known[row, column], f"({row}, {column}) is known already: look at the unknown pixels only."
    assert (row, column) in ((2, 3), (2, 9), (6, 3), (6, 9)), (
        f"({row}, {column}) is not a corner of the hole: a corner has five known neighbors of eight, an edge only "
        "three.")
    inside = [(4, 4), (4, 5), (4, 6), (6, 5)]  # (5, 5) has four of them
    for at, points, window, why in (
        ((3, 8), [(2, 7), (4, 8), *((y, x) for y in (3, 4, 5) for x in (9, 10))], 3, "count the diagonal ones too"),
        ((6, 6), [(y, x) for y in (4, 8) for x in range(4, 9)], 5, "count in the whole window of 5 × 5"),
        ((5, 5), [*inside, (8, 8), (8, 9), (8, 10), (0, 8), (1, 9)], 3,
         "the picture does not go on at its other side; beyond the edge nothing is known"),
        ((5, 5), [*inside, (0, 1), (0, 3), (1, 2)], 3, "its border does not go on; beyond the edge nothing is known"),
        ((0, 5), [(0, 4), (0, 6), (1, 4), (1, 5), (1, 6), (5, 2), (5, 4)], 3,
         "a pixel at the border counts too (a slice from −1 begins at the other end)"),
    ):
        known = torch.zeros(9, 12, dtype=torch.bool)
        for y, x in points:
            known[y, x] = True
        row, column = found(known, window)
        assert (row, column) == at, f"({row}, {column}) has not the most known neighbors, {at} has more: {why}."


@exercise("10", 2)
def gram_by_reshape(solution):
    """The Gram matrix of a layer's features: the mean outer product over positions."""
    for kind in (torch.float32, torch.float64):
        some = torch.randn(5, 3, 4, generator=torch.Generator().manual_seed(0), dtype=kind)
        gram = solution(some)
        assert gram.shape == (5, 5), (
            f"Five channels give a 5 × 5 matrix, not {list(gram.shape)}: which side of F is summed over?")
        total = sum(some[:, y, x].outer(some[:, y, x]) for y in range(3) for x in range(4))
        assert not torch.allclose(gram, total, atol=1e-4), (
            "That is the sum over positions; divide by their number for the mean.")
        assert torch.allclose(gram, gram.T, atol=1e-6), "A Gram matrix is symmetric: F times its own transpose."
        same_picture(gram, total / 12, (
            f"Channel 0 with itself should give {total[0, 0] / 12:.3f}, the mean of its squares over all 12 "
            f"positions, not {gram[0, 0]:.3f}: nothing is subtracted, and a row of F is a channel."), 1e-5)
    wide = torch.randn(5, 3, 8, generator=torch.Generator().manual_seed(1))
    assert torch.allclose(solution(torch.cat([wide, wide], 2)), solution(wide), atol=1e-5), (
        "Twice the same positions, the same mean: the divisor is the number of positions.")
    many, start = torch.ones(4, 250, 400), time.perf_counter()
    solution(many)
    seconds = time.perf_counter() - start
    assert seconds < 0.4, (
        f"{seconds:.1f} s for 100,000 positions: that is a loop; bring them into one row, and multiply once.")


@exercise("10", 3)
def seam(solution):
    """The step across the wrapped edges of a tile, as a multiple of the steps inside."""
    ramp = (torch.arange(8) / 8).expand(3, 8, 8)
    assert abs(solution(ramp) - 7) < 1e-3, (
        "A ramp rises by 1/8 from column to column and falls by 7/8 at the edge, and its rows are equal: (7/8 + 0) / "
        f"(1/8 + 0) = 7, not {solution(ramp):.2f}. Take means of absolute steps, over columns and rows together.")
    turned = ramp.transpose(1, 2)
    assert abs(solution(turned) - 7) < 1e-3, (
        "The seam between bottom and top counts as much: turned, the ramp should give 7, too, not "
        f"{solution(turned):.2f}.")
    noise = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert abs(solution(noise) - 1) < 0.15, (
        f"Noise has no edge anywhere: about 1, not {solution(noise):.2f}. Take means, not sums.")
    assert abs(solution(5 * ramp) - 7) < 1e-3, "The contrast should cancel: divide by the steps inside."
    step = (torch.arange(8) > 3).float().expand(3, 8, 8)
    assert abs(solution(step) - 7) < 1e-3, (
        f"In each row one of seven steps inside is 1, and so is the one at the edge: 7, not {solution(step):.2f}.")
    both = ramp + 2 * turned
    assert abs(solution(both) - 7) < 1e-3, (
        "Twice as steep downward, the two ramps together should give (7 + 14) / (1 + 2) = 7, not "
        f"{solution(both):.2f}.")
    mixed = torch.stack([ramp[0], torch.zeros(8, 8), noise[0, :8, :8]])
    steps = [abs(mixed[c, :, i + 1] - mixed[c, :, i]) for c in range(3) for i in range(7)]
    steps += [abs(mixed[c, i + 1] - mixed[c, i]) for c in range(3) for i in range(7)]
    edges = [abs(mixed[c, :, 0] - mixed[c, :, -1]) for c in range(3)]
    edges += [abs(mixed[c, 0] - mixed[c, -1]) for c in range(3)]
    wanted = (torch.stack(edges).mean() / torch.stack(steps).mean()).item()
    assert abs(solution(mixed) - wanted) < 1e-3, (
        f"Three channels that differ should give {wanted:.2f}, not {solution(mixed):.2f}: the mean over all channels, "
        "columns and rows of absolute differences, channel by channel, and one ratio at the end.")
