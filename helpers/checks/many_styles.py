"""The checks of notebook 12."""

import torch
import torch.nn.functional as F

from helpers.checks.base import exercise, guarded


@exercise("12", 1)
def adaptive_instance_norm(solution):
    """The channels of one picture with the mean and the deviation of another's."""
    chance = torch.Generator().manual_seed(0)
    grow = torch.linspace(1, 2, 6).view(2, 3, 1, 1)
    x, y = grow * torch.randn(2, 3, 4, 4, generator=chance) + 1, torch.randn(2, 3, 5, 3, generator=chance) / grow - grow
    found = solution(x.clone(), y.clone())
    assert found.shape == x.shape, (
        f"The result has x's places: of x {list(x.shape)} and y {list(y.shape)} it is {list(x.shape)}, "
        f"not {list(found.shape)}.")
    for what, of in (("mean", lambda t: t.mean((2, 3))), ("deviation", lambda t: t.std((2, 3), correction=0))):
        ours, theirs, old = (of(t)[0, 0].item() for t in (found, y, x))
        assert torch.allclose(of(found), of(y), atol=1e-3), (
            f"Each channel of each picture should have the {what} of the same channel of y's picture: the first should "
            f"have {theirs:.3f} (x has {old:.3f}), and has {ours:.3f}. Mean and deviation are taken over the places of "
            "one channel of one picture, the deviation over n, not n − 1.")
    order = (x[0, 0] - x[0, 0].mean()) / x[0, 0].std(correction=0)
    after = (found[0, 0] - found[0, 0].mean()) / found[0, 0].std(correction=0)
    assert torch.allclose(order, after, atol=1e-3), (
        "Within a channel x's pattern should stay: every place is shifted and scaled by the same two numbers.")
    alone = solution(x.clone(), y[:1].clone())
    assert alone.shape == x.shape and torch.allclose(alone[1].mean((1, 2)), y[0].mean((1, 2)), atol=1e-3), (
        "One picture y [1, C, H, W] should serve for all pictures x.")
    flat = solution(torch.full((1, 3, 4, 4), 7.0), y[:1].clone())
    assert flat.isfinite().all(), (
        f"A flat map, 7 everywhere, becomes {flat[0, 0, 0, 0]:g}: its variance is 0, and an ε of 0.00001 under the "
        "root keeps that from 0/0.")


def differs(found, wanted):
    """Whether two tensors are further apart than by rounding."""
    return not torch.allclose(found, wanted, atol=1e-4)


def with_places(call, x, weights):
    """What a layer makes of weights for each place; an error is told as one of their size."""
    try:
        return call(x, weights)
    except RuntimeError as error:
        raise AssertionError(
            f"With weights {list(weights.shape)} for an x of {list(x.shape)} it stops ({error}). Weights for each "
            "place have to be brought to the size of x first, whatever both sizes are.") from None


def conditional(call, x, gamma, beta):
    """What a layer with these tables makes of x in each style, and in half of the first and half of the second."""
    pure = [call(x, torch.eye(3)[[s, s]]) for s in range(3)]
    for s, found in enumerate(pure):
        wanted = F.instance_norm(x, weight=gamma[s], bias=beta[s])
        assert not differs(found, wanted), (
            f"In style {s} each channel is scaled by row {s} of γ and shifted by row {s} of β. The first channel "
            f"should have mean {wanted[0, 0].mean():.2f} and deviation {wanted[0, 0].std(correction=0):.2f}, and has "
            f"{found[0, 0].mean():.2f} and {found[0, 0].std(correction=0):.2f}.")
    found = call(x, torch.eye(3)[:2])
    assert not differs(found, torch.stack([pure[0][0], pure[1][1]])), (
        "With the first picture in style 0 and the second in style 1, each picture should be as in its own style "
        "alone: it has its own weights.")
    half = call(x, torch.tensor([[0.5, 0.5, 0.0]] * 2))
    assert not differs(half, (pure[0] + pure[1]) / 2), (
        "Half of style 0 and half of style 1 should have the mean of their scales and the mean of their shifts.")
    return pure, half


def for_each_place(call, x, pure, half):
    """Whether weights for each place, of whatever size, are followed: [N, S, H, W]."""
    places = torch.zeros(2, 3, 6, 6)
    places[0, 0, :, :3] = places[0, 1, :, 3:] = places[1, 2, :2] = places[1, 0, 2:] = 1.0
    found = with_places(call, x, places)
    assert not differs(found[0], torch.cat([pure[0][0, ..., :3], pure[1][0, ..., 3:]], dim=2)), (
        "With style 0 in the left half and style 1 in the right, each half should be as in its own style alone: scale "
        "and shift are the place's, mean and deviation are those of the whole map.")
    assert not differs(found[1], torch.cat([pure[2][1, :, :2], pure[0][1, :, 2:]], dim=1)), (
        "The second picture has style 2 in its first two rows and style 0 below, whatever the first picture has: each "
        "picture has a map of its own.")
    stripes = torch.tensor([1.0, 0.0, 0.0, 1.0]).repeat(6).expand(2, 24, 24)
    found = with_places(call, x, torch.stack([stripes, 1 - stripes, 0 * stripes], dim=1))
    assert not differs(found, half), (
        "Weights of 24 × 24 for maps of 6 × 6: the stripes 1, 0, 0, 1, … average to one half in each block of 4 × 4, "
        "so this should be half of style 0 and half of style 1. Take the mean of the block, not some of its places.")
    small = x[..., :4, :3].contiguous()
    found = with_places(call, small, torch.tensor([0.5, 0.5, 0.0]).view(3, 1, 1).expand(2, 3, 10, 7))
    assert found.shape == small.shape and not differs(found, call(small, torch.tensor([[0.5, 0.5, 0.0]] * 2))), (
        "Weights of 10 × 7 that are the same at all places should do with maps of 4 × 3 what weights [N, S] do.")


def follows(call, layer, x, weights):
    """Whether training can move both tables."""
    found = call(x, weights)
    slopes = [None] * 2
    if found.requires_grad:
        slopes = torch.autograd.grad(found.square().sum(), [layer.gamma, layer.beta], allow_unused=True)
    for letter, slope in zip("γβ", slopes):
        assert slope is not None and slope.any(), (
            f"No gradient reaches {letter}, so training could not move it: use the parameter itself, without `.data`, "
            "`.detach()` or `no_grad`.")


@exercise("12", 2)
def CIN(solution):
    """Instance normalization with a scale and a shift for each style, or for each style at each place."""
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(2, 4, 6, 6, generator=generator) * 2 + 1
    gamma, beta = torch.randn(2, 3, 4, generator=generator)
    layer = solution(4, 3)
    call = guarded(layer.forward)
    found, plain = call(x, torch.eye(3)[[0, 0]]), F.instance_norm(x)
    assert found.shape == x.shape, f"The shape should stay {list(x.shape)}, not become {list(found.shape)}."
    assert not differs(found, plain), (
        "A new layer has γ = 1 and β = 0, so it should do what instance norm does. The first channel of the first "
        f"picture should have mean 0 and variance 1 (over n), and has {found[0, 0].mean():.2f} and "
        f"{found[0, 0].var(correction=0):.2f}.")
    flat = call(torch.full((2, 4, 6, 6), 7.0), torch.eye(3)[[0, 0]])
    assert flat.isfinite().all(), (
        f"A flat map, 7 everywhere, becomes {flat[0, 0, 0, 0]:g}: its variance is 0, and ε keeps that from 0/0.")
    with torch.no_grad():
        layer.gamma.copy_(gamma)
        layer.beta.copy_(beta)
    pure, half = conditional(call, x, gamma, beta)
    follows(call, layer, x, torch.eye(3)[[0, 1]])
    for_each_place(call, x, pure, half)
    follows(call, layer, x, torch.full((2, 3, 12, 12), 1 / 3))


@exercise("12", 3)
def corner_weights(solution):
    """The bilinear weights of four corners at a place in the unit square."""

    def at(x, y):
        found = torch.as_tensor(solution(x, y)).float()
        assert found.shape == (4,), f"Four weights are asked for, [4], not {list(found.shape)}."
        return found

    corners = ["top left", "top right", "bottom left", "bottom right"]
    for corner, name in enumerate(corners):
        y, x = divmod(corner, 2)
        found, wanted = at(x, y), F.one_hot(torch.tensor(corner), 4).float()
        assert torch.allclose(found, wanted, atol=1e-5), (
            f"At ({x}, {y}), the {name} corner, the weights should be {wanted.tolist()}, not {rounded(found)}. x runs "
            "to the right and y down; the order is " + ", ".join(corners) + ".")
    middle, edge, inside = [0.25] * 4, [0.75, 0.25, 0.0, 0.0], [0.24, 0.06, 0.56, 0.14]
    for x, y, wanted in ((0.5, 0.5, middle), (0.25, 0.0, edge), (0.2, 0.7, inside)):
        found = at(x, y)
        assert abs(found.sum() - 1) < 1e-4, (
            f"At ({x}, {y}) the weights add up to {found.sum():.2f}. They are shares: everywhere their sum is 1.")
        assert torch.allclose(found, torch.tensor(wanted), atol=1e-4), (
            f"At ({x}, {y}) the weights should be {wanted}, not {rounded(found)}: a corner's weight is how near it is "
            "from left to right, times how near it is from top to bottom.")


def rounded(values):
    """Numbers as a list, to two digits."""
    return [round(value, 2) for value in values.tolist()]
