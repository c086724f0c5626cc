"""The checks of notebook 02."""

import torch
import torch.nn.functional as F

from helpers.checks.base import exercise


def cloud(n, d, seed):
    """Vectors [n, d] around 1 that vary more along some directions than along others."""
    generator = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(0)))[0]
    return torch.randn(n, d, generator=generator) * torch.linspace(3, 0.5, d) @ turn + 1


def rounded(values):
    """Numbers as a student reads them: [1.0, 0.71]."""
    return "[" + ", ".join(f"{value:.2f}" for value in values.tolist()) + "]"


def pair(found, q, k, n, first):
    """The two tensors [q, k] that a search among `n` vectors returns; first: what the first one holds."""
    assert isinstance(found, (tuple, list)) and len(found) == 2, f"Return two tensors: ({first}, indices)."
    values, indices = found
    assert list(values.shape) == list(indices.shape) == [q, k], (
        f"Both tensors should be {[q, k]}, a row for each query and a column for each neighbor, not "
        f"{list(values.shape)} and {list(indices.shape)}. Does every query get its answer, and do you use the "
        "arguments, not the notebook's `q` and `x`?")
    assert not indices.is_floating_point(), (
        f"First the {first}, then the indices: the second tensor holds no whole numbers.")
    assert 0 <= indices.min() and indices.max() < n, (
        f"The gallery has {n} vectors, and an index is {indices.max()}: search in `gallery`, not in the notebook's "
        "`x`.")
    return values, indices


@exercise("02", 1)
def nearest(solution):
    """The nearest vectors by L2 distance, nearest first: distances and indices."""
    queries, gallery = cloud(130, 512, seed=1), cloud(150, 512, seed=2)
    apart = torch.stack([(gallery.double() - q).norm(dim=1) for q in queries.double()])
    pair(solution(queries, gallery, 8), 130, 8, 150, "distances")

    corner, three = torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0], [6.0, 8.0]])
    near, order = (each[0] for each in pair(solution(corner, three, 3), 1, 3, 3, "distances"))
    assert order.tolist() == [1, 0, 2], (
        "From (0, 0), the points (3, 4), (0, 1) and (6, 8) are at distances 5, 1 and 10: nearest first, their indices "
        f"are [1, 0, 2], not {order.tolist()}.")
    assert torch.allclose(near.double(), torch.tensor([1.0, 5.0, 10.0]).double(), atol=1e-4), (
        f"(0, 1), (3, 4) and (6, 8) are at distances 1, 5 and 10 from (0, 0), not {rounded(near)}: nearest first, and "
        "has the root been taken?")
    near, order = (each[0] for each in pair(solution(three[:1], three, 3), 1, 3, 3, "distances"))
    assert order[0] == 0 and near[0] < 1e-3, (
        f"(3, 4) itself is in the gallery, and nearest to it should be index 0 at distance 0, not index {order[0]} at "
        f"{near[0]:.2f}: the middle term of the square is −2 q·x.")

    repeated = pair(solution(torch.zeros(1, 2), torch.ones(500, 2), 5), 1, 5, 500, "distances")[1][0]
    assert repeated.tolist() == [0, 1, 2, 3, 4], (
        f"Of 500 equal vectors the first five should be found, not {repeated.tolist()}: sort with `stable=True`.")
    for d in (20, 33):
        itself, _ = pair(solution(cloud(300, d, seed=3), cloud(300, d, seed=3), 300), 300, 300, 300, "distances")
        assert not itself.isnan().any(), (
            "A vector's distance from itself is NaN: rounding left its square a little below zero. Clamp it at 0 "
            "before you take the root.")
    itself, _ = pair(solution(gallery + 100, gallery + 100, 1), 150, 1, 150, "distances")
    assert itself.max() < 1e-2, (
        f"A vector far from zero should be at distance 0 from itself, and is at {itself.max():.2f}: that is rounding. "
        "Make both double *before* you square and multiply.")

    for chunk in (100, 7):
        found, indices = pair(solution(queries, gallery, 8, chunk), 130, 8, 150, "distances")
        right = apart.sort(dim=1, stable=True)
        assert torch.equal(indices, right.indices[:, :8]), (
            f"Of 130 random queries, {chunk} at a time, {(indices != right.indices[:, :8]).any(dim=1).sum()} have "
            "other neighbors than when distances are taken one by one: does each part meet the whole gallery?")
        assert torch.allclose(found.double(), right.values[:, :8], rtol=1e-4), (
            f"The neighbors are right, their distances off by up to {(found - right.values[:, :8]).abs().max():.3f}.")


@exercise("02", 2)
def vote(solution):
    """The label that most of a query's neighbors have; of equals the smaller."""
    found = solution(torch.tensor([[2, 2, 7, 4], [1, 7, 7, 8]]))
    assert list(found.shape) == [2], (
        f"Two queries with four neighbors each should get two labels, [2], not {list(found.shape)}: count in each row.")
    assert found.tolist() == [2, 7], (
        f"Neighbors labeled [2, 2, 7, 4] and [1, 7, 7, 8] elect 2 and 7, not {found[0]} and {found[1]}: count the "
        "votes in each row by itself. The nearest neighbor has no more of them than the others.")
    assert solution(torch.tensor([[9, 5, 1]]))[0] == 1 and solution(torch.tensor([[6, 3, 6, 3, 0]]))[0] == 3, (
        "Of [9, 5, 1] each has one vote, and of [6, 3, 6, 3, 0] both 6 and 3 have two: the smaller label wins, 1 and "
        f"3, not {solution(torch.tensor([[9, 5, 1]]))[0]} and {solution(torch.tensor([[6, 3, 6, 3, 0]]))[0]}.")
    many = torch.randint(10, (200, 10), generator=torch.Generator().manual_seed(0))
    counts = [[row.count(label) for label in range(10)] for row in many.tolist()]
    right = torch.tensor([row.index(max(row)) for row in counts])
    wrong = (solution(many) != right).nonzero().flatten().tolist()
    assert not wrong, (
        f"Neighbors labeled {many[wrong[0]].tolist()} should elect {right[wrong[0]]}, not {solution(many)[wrong[0]]}.")


@exercise("02", 3)
def nearest_by_cosine(solution):
    """The vectors of the greatest cosine similarity: similarities and indices."""
    pair(solution(cloud(30, 512, seed=1), cloud(40, 512, seed=2), 5), 30, 5, 40, "similarities")
    query, four = torch.tensor([[2.0, 0.0]]), torch.tensor([[10.0, 1.0], [0.1, 0.0], [-5.0, 0.0], [3.0, 3.0]])
    told = "To (2, 0), the vectors (10, 1), (0.1, 0), (−5, 0) and (3, 3) have cosines of 0.995, 1, −1 and 0.71"
    similar, order = (each[0] for each in pair(solution(query, four, 4), 1, 4, 4, "similarities"))
    assert order.tolist() == [1, 0, 3, 2], (
        f"{told}: most similar first, their indices are [1, 0, 3, 2], not {order.tolist()}. Are both the query and the "
        "gallery divided by their lengths?")
    assert torch.allclose(similar.double(), torch.tensor([1, 0.99504, 0.70711, -1]).double(), atol=1e-3), (
        f"{told}. You return {rounded(similar)}: similarities, greatest first, of vectors of length 1. From a "
        "distance d of those, the cosine follows by ‖q − x‖² = 2 − 2 qᵀx.")
    queries, gallery = cloud(50, 20, seed=3), cloud(300, 20, seed=4)
    right = F.cosine_similarity(queries[:, None].double(), gallery.double(), dim=2).topk(5)
    similar, order = pair(solution(queries, gallery, 5), 50, 5, 300, "similarities")
    assert torch.equal(order, right.indices), (
        f"For {(order != right.indices).any(dim=1).sum()} of 50 random queries these are not the five vectors of the "
        "greatest cosine, in order: search the whole gallery, and divide each vector (a row, dim=1) by its own length.")
    assert torch.allclose(similar.double(), right.values, atol=1e-4), (
        f"The neighbors are right, their cosines off by up to {(similar - right.values).abs().max():.3f}.")
    longer, _ = pair(solution(7 * queries, gallery, 5), 50, 5, 300, "similarities")
    assert torch.allclose(longer.double(), right.values, atol=1e-4), (
        "With queries seven times as long the cosines should stay, and they changed: divide the queries by their "
        "length.")


@exercise("02", 4)
def whitening(solution):
    """The mean and the matrix that give the k directions of the greatest variance variance 1."""
    gallery = cloud(1000, 20, seed=5)
    found = solution(gallery, 6)
    assert isinstance(found, (tuple, list)) and len(found) == 2, "Return two tensors: (mean, matrix)."
    mean, matrix = found
    assert list(mean.shape) == [20] and list(matrix.shape) == [20, 6], (
        "1,000 vectors of 20 numbers and k = 6 should give a mean [20] and a matrix [20, 6], not "
        f"{list(mean.shape)} and {list(matrix.shape)}: a column for each direction, the mean over all vectors.")
    assert mean.dtype == matrix.dtype == gallery.dtype, (
        f"The gallery is {gallery.dtype}, the mean {mean.dtype} and the matrix {matrix.dtype}, and these can't be "
        "multiplied: turn double back at the end, with `.to(gallery.dtype)`.")
    assert torch.allclose(mean, gallery.mean(dim=0), atol=1e-3), (
        f"The mean is off by up to {(mean - gallery.mean(dim=0)).abs().max():.2f}: it is that of the gallery's "
        "vectors.")
    white = (gallery - mean) @ matrix
    assert white.isfinite().all(), "Some whitened vectors are no numbers: is a root or a divisor below zero?"
    covariance = white.T.cov()
    assert torch.allclose(covariance.diagonal(), torch.ones(6), atol=1e-2), (
        "Each direction should have variance 1 when it is whitened, and they have "
        f"{', '.join(f'{value:.3g}' for value in covariance.diagonal().tolist())}: divide each direction, a *column* "
        "of U, by the root of its own eigenvalue.")
    apart = covariance - covariance.diagonal().diag()
    assert apart.abs().max() < 1e-2, (
        f"Two directions still vary together, with a covariance of {apart.abs().max():.2f}, and it should be 0: the "
        "directions are the *columns* of U, the eigenvectors.")
    variance = torch.linalg.eigvalsh(gallery.T.cov()).flip(0)
    held = ((gallery - mean) @ torch.linalg.qr(matrix)[0]).var(dim=0).sum()
    assert held > 0.99 * variance[:6].sum(), (
        f"The six directions of the greatest variance hold {variance[:6].sum() / variance.sum():.0%} of it, yours "
        f"{held / variance.sum():.0%}: keep those. `eigh` sorts upward, so they come last.")


@exercise("02", 5)
def times_chosen(solution):
    """How often each vector of the gallery is among the neighbors."""
    count = solution(torch.tensor([[0, 3], [3, 1], [4, 3]]), 6)
    assert list(count.shape) == [6], (
        f"Of a gallery of six, each should have a count, [6], not {list(count.shape)}: also those that are never "
        "chosen, and `n` says how many there are.")
    assert count.tolist() == [1, 1, 0, 3, 1, 0], (
        "In the lists [0, 3], [3, 1] and [4, 3] the numbers 0 to 5 appear [1, 1, 0, 3, 1, 0] times, not "
        f"{[round(each, 2) for each in count.tolist()]}: count every appearance, in any place of any list.")
    assert not count.is_floating_point(), f"A count is a whole number: int64, not {count.dtype}."
    many = torch.randint(300, (50, 10), generator=torch.Generator().manual_seed(0))
    right = torch.tensor([many.flatten().tolist().count(i) for i in range(300)])
    assert torch.equal(solution(many, 300).long(), right), (
        f"In 50 lists of ten, {(solution(many, 300) != right).sum()} of 300 vectors are counted wrongly.")
