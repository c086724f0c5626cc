"""The checks of notebook 03."""

import math

import torch
from sklearn.decomposition import PCA

from helpers.checks.base import exercise, same_picture


def number(found):
    """One number as a float."""
    found = torch.as_tensor(found)
    assert found.numel() == 1, f"The answer should be a single number, not a tensor of {list(found.shape)}."
    return found.item()


def sheet(n, d):
    """Vectors [n, d] far from zero that vary in eight directions, less in each than in the one before."""
    generator = torch.Generator().manual_seed(0)
    directions = torch.linalg.qr(torch.randn(d, 9, generator=generator))[0].T
    spread = torch.tensor([5.0, 4.0, 3.0, 2.4, 1.9, 1.5, 1.2, 1.0])
    noise = 0.02 * torch.randn(n, d, generator=generator)
    return (torch.randn(n, 8, generator=generator) * spread + 3) @ directions[:8] + 20 * directions[8] + noise


@exercise("03", 1)
def pca(solution):
    """The coordinates along the first k principal directions, these directions, and their shares of the variance."""
    x = sheet(600, 512)
    theirs = PCA(5, svd_solver="full").fit(x.numpy())
    right, shares, coordinates = (torch.tensor(each).double() for each in (
        theirs.components_, theirs.explained_variance_ratio_, theirs.transform(x.numpy())))
    found = solution(x, 5)
    assert isinstance(found, (tuple, list)) and len(found) == 3, (
        "Return three tensors: (projected, components, explained_ratio).")
    projected, components, ratio = (each.double() for each in found)
    shapes = [list(each.shape) for each in found]
    assert shapes == [[600, 5], [5, 512], [5]], (
        f"600 vectors of 512 numbers and k = 5 should give three tensors [600, 5], [5, 512] and [5], not {shapes[0]}, "
        f"{shapes[1]} and {shapes[2]}. The directions are *rows* of Vt, and only the `x` that is given counts, not "
        "what the notebook computed.")
    length = components.norm(dim=1)
    assert (length - 1).abs().max() < 1e-3, (
        f"Directions have length 1, and yours have {length.min():.2f} to {length.max():.2f}: the rows of Vt as they "
        "are.")
    middle = (components @ x.double().mean(dim=0)).abs().max() / x.mean(dim=0).norm()
    assert middle < 0.5, (
        f"A direction points from zero to the mean of the vectors (cosine {middle:.2f}), and that is no variation: "
        "subtract the mean of all vectors, over dim=0, first.")
    cosine = (components * right).sum(dim=1)
    worst = cosine.abs().argmin()
    assert (cosine.abs() - 1).abs().max() < 1e-3, (
        f"Direction {worst + 1} should be scikit-learn's or its opposite, and its inner product with that is "
        f"{cosine[worst]:.2f}: are these the first k *rows* of Vt, for vectors from which only the mean was "
        "subtracted?")
    coordinates = coordinates * cosine.sign()
    assert projected.mean(dim=0).abs().max() < 0.05, (
        f"On average a vector lies at {projected.mean(dim=0)[0]:.2f} on the first direction, and should lie at 0: take "
        "the products of the *centered* vectors and the directions.")
    assert torch.allclose(projected.std(dim=0), coordinates.std(dim=0), rtol=1e-2), (
        f"The coordinates along the first direction should have a standard deviation of {coordinates[:, 0].std():.2f}, "
        f"and have {projected[:, 0].std():.2f}: they are U times S, or the centered vectors times the directions.")
    assert torch.allclose(projected, coordinates, atol=1e-2), (
        f"The directions are right, the coordinates off by up to {(projected - coordinates).abs().max():.2f}: each is "
        "the inner product of a centered vector and a direction.")
    assert torch.allclose(ratio, shares, atol=1e-4), (
        f"The first five directions explain {shares.sum():.2f} of the variance, the first alone {shares[0]:.2f}. You "
        f"say {ratio.sum():.2f} and {ratio[0]:.2f}: the share of a direction is its S² among those of *all* "
        "directions.")


@exercise("03", 2)
def reconstruct(solution):
    """Back from the coordinates along the components to the vectors."""
    generator = torch.Generator().manual_seed(1)
    components = torch.linalg.qr(torch.randn(512, 5, generator=generator))[0].T
    mean, projected = torch.randn(512, generator=generator), torch.randn(20, 5, generator=generator)
    back = solution(torch.zeros(3, 5), components, mean)
    assert list(back.shape) == [3, 512], (
        f"Three vectors of five coordinates should become [3, 512], not {list(back.shape)}: [n, k] @ [k, d].")
    assert torch.allclose(back, mean.expand(3, -1), atol=1e-4), (
        "A vector whose five coordinates are all 0 lies at the mean, and yours is up to "
        f"{(back - mean).abs().max():.2f} away from it: PCA subtracted the mean, so add it again.")
    for i in range(5):
        step = solution(torch.eye(5)[i : i + 1], components, mean)[0] - mean
        assert torch.allclose(step, components[i], atol=1e-4), (
            f"A coordinate of 1 along direction {i + 1} should lead from the mean by exactly this component, of "
            f"length 1. Yours leads by {step.norm():.2f}, and its inner product with the component is "
            f"{(step @ components[i]):.2f}: weigh each component by its own coordinate, and add all of them.")
    right = torch.stack([mean + sum(c * each for c, each in zip(row, components)) for row in projected])
    back = solution(projected, components, mean)
    assert back.shape == right.shape and torch.allclose(back, right, atol=1e-4), (
        "Of 20 vectors, each should be the mean plus the sum of all five components, weighted by its own coordinates.")


@exercise("03", 3)
def perplexity(solution):
    """Two to the power of the entropy in bits."""
    eight = number(solution(torch.full((8,), 1 / 8)))
    assert abs(eight - 8) < 1e-3, (
        f"Eight equally likely neighbors should have a perplexity of 8, not {eight:.2f}: their entropy is 3 bits "
        "(logarithms to the base 2), and 2³ = 8.")
    uneven = number(solution(torch.tensor([0.5, 0.25, 0.25])))
    assert abs(uneven - 2**1.5) < 1e-3, (
        "For [½, ¼, ¼] the entropy is ½ · 1 + ¼ · 2 + ¼ · 2 = 1.5 bits: a half costs one bit, a quarter two. The "
        f"perplexity is then 2 to the power of 1.5, 2.83, not {uneven:.2f}.")
    certain = number(solution(torch.tensor([1.0, 0.0, 0.0])))
    assert abs(certain - 1) < 1e-3, (
        f"One certain neighbor of three should have a perplexity of 1, not {certain:.2f}: 0 · log₂ 0 counts as 0.")
    many = number(solution(torch.cat([torch.full((1000,), 1e-3), torch.zeros(1000)])))
    assert abs(many - 1000) < 1, (
        "A thousand equally likely neighbors beside a thousand impossible ones should have a perplexity of 1,000, not "
        f"{many:.1f}: leave the zeros out, and nothing else.")
    p = torch.rand(50, generator=torch.Generator().manual_seed(2)).double()
    right = 2 ** -sum(each * math.log2(each) for each in (p / p.sum()).tolist())
    found = number(solution(p / p.sum()))
    assert abs(found - right) < 1e-3, f"For 50 random probabilities it should be {right:.3f}, not {found:.3f}."


@exercise("03", 4)
def classical_mds(solution):
    """Points whose squared distances are those given, by the eigenvectors of the doubly centered matrix."""
    spread = torch.tensor([3.0, 1.5, 0.7])
    flat = (torch.randn(40, 3, generator=torch.Generator().manual_seed(1)) * spread + 2).double()
    apart = torch.pdist(flat)
    found = solution(torch.cdist(flat, flat) ** 2, 3)
    assert list(found.shape) == [40, 3], (
        f"Distances between 40 points and k = 3 should give points [40, 3], not {list(found.shape)}.")
    assert found.isfinite().all(), (
        "Some coordinates are NaN, the root of a negative eigenvalue: `eigh` sorts upward, so the largest come last, "
        "and the factor of B is −½.")
    times = torch.pdist(found.double()) / apart
    assert times.mean() > 0.01, (
        "All points came out in one place, so these eigenvalues are zero: `eigh` sorts upward, so the largest come "
        "last, and the factor of B is −½.")
    assert times.std() > 0.01 or abs(times.mean() - 1) < 0.01, (
        f"Every distance came out {times.mean():.2f} times as long as it should be: is the factor −½ there?")
    assert abs(times - 1).max() < 1e-4, (
        "Three dimensions can hold the distances of points in space exactly, and yours are off: some are "
        f"{times.min():.2f}, others {times.max():.2f} times as long as they should be. Is B centered on both sides, "
        "made of *squared* distances, and each eigenvector (a column) multiplied by the *root* of its own eigenvalue?")
    plane, theirs = solution(torch.cdist(flat, flat) ** 2, 2), torch.tensor(PCA(2).fit_transform(flat.numpy()))
    assert list(plane.shape) == [40, 2], f"With k = 2 the points are [40, 2], not {list(plane.shape)}."
    same_picture(
        torch.cdist(plane.double(), plane.double()), torch.cdist(theirs, theirs),
        "In two dimensions the points should lie as in PCA's: along the directions of the two largest eigenvalues. "
        f"Yours spread by {plane.std(dim=0).max():.2f} and {plane.std(dim=0).min():.2f}, PCA's by "
        f"{theirs.std(dim=0)[0]:.2f} and {theirs.std(dim=0)[1]:.2f}. (The maps show the distances of all pairs.)", 1e-4)


def neighbors_of(points, k):
    """The indices of each point's k nearest others, one point at a time: [set, …]."""
    away = [(points - point).norm(dim=1).tolist() for point in points]
    return [set(sorted((j for j in range(len(row)) if j != i), key=row.__getitem__)[:k]) for i, row in enumerate(away)]


def on_a_line(*places):
    return torch.tensor(places, dtype=torch.float32)[:, None]


@exercise("03", 5)
def neighbors_kept(solution):
    """The mean share of a point's k nearest others in one space that are among the k nearest in another."""
    found = number(solution(on_a_line(0, 1, 10, 11), on_a_line(0, 1, -10, -11), k=1))
    assert abs(found - 1) < 1e-6, (
        "The points 0, 1, 10, 11 moved to 0, 1, −10, −11: each keeps its one nearest neighbor, so the share is 1, not "
        f"{found:.2f}. Do you take the nearest, not the farthest, and divide by k and by the number of points?")
    found = number(solution(on_a_line(0, 10, 21), on_a_line(21, 10, 0), k=1))
    assert abs(found - 2 / 3) < 1e-6, (
        "The points 0, 10, 21 moved to 21, 10, 0: the two outer ones keep their nearest neighbor, the middle one does "
        f"not, so the share is 0.67, not {found:.2f}. A point is not its own neighbor, only `k` count, and "
        "both spaces are looked at.")
    found = number(solution(on_a_line(0, 10, 21), on_a_line(0, 21, 10), k=2))
    assert abs(found - 1) < 1e-6, (
        "Of three points each has the same two neighbors wherever they lie, so with k = 2 the share is 1, not "
        f"{found:.2f}. Compare sets, not places in a list, leave the point itself out, and divide by k.")
    found = number(solution(on_a_line(0, 10, 21, 33), on_a_line(0, 21, 10, 33), k=2))
    assert abs(found - 0.75) < 1e-6, (
        "The points 0, 10, 21, 33 moved to 0, 21, 10, 33: of their two nearest they keep 2, 1, 1 and 2, which is 0.75 "
        f"of eight, not {found:.2f}: count each of the k, and divide by k.")
    random = torch.Generator().manual_seed(0)
    high, low = torch.randn(60, 5, generator=random), torch.rand(60, 2, generator=random)
    found = number(solution(high, 4 * high))
    assert abs(found - 1) < 1e-6, (
        f"60 points moved four times as far apart keep all of their ten neighbors: the share is 1, not {found:.2f}.")
    for k in (3, 10):
        right = sum(len(a & b) for a, b in zip(neighbors_of(high, k), neighbors_of(low, k))) / (60 * k)
        found = number(solution(high, low, k))
        assert abs(found - right) < 0.01, (
            f"60 points in random places keep {right:.2f} of their {k} nearest neighbors, not {found:.2f}: look for "
            "neighbors in both spaces, `k` of them, without the point itself.")
