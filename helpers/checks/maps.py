"""The checks of notebook 06."""

from collections import OrderedDict

import torch
from torch import nn

from helpers.checks.base import exercise, same_picture
from helpers.hooks import activations, upsample


def whole(box):
    """A box as four integers."""
    assert len(box) == 4, f"A box has four sides, (left, top, right, bottom), not {len(box)}."
    return tuple(int(side) for side in box)


@exercise("06", 1)
def bounding_box(solution):
    """The smallest box around the pixels of at least a share of the maximum."""
    heat = torch.zeros(20, 30)
    heat[4:9, 14:20] = heat[6, 10:25] = 5.0
    heat[0, 0] = 0.5
    found = whole(solution(heat))
    assert found[:2] != (0, 0), (
        "The faint pixel in the corner, a tenth of the maximum, lies in the box: compare with `share` times the "
        "maximum.")
    assert found[0] != 14, (
        "A cross reaches from x = 10 to x = 24, and the box cuts its left arm off: it begins at x = 14, where the "
        "first row has its first pixel. Take the smallest and the largest of all columns, and likewise of the rows.")
    assert found[:2] != (4, 10), (
        "The box begins at x = 10, y = 4, not at (4, 10): x runs along the columns, y along the rows.")
    assert found != (10, 4, 15, 5), "Right and bottom are places, not a width and a height: (10, 4, 25, 9)."
    assert found != (10, 4, 24, 8), "The last pixel is (24, 8); right and bottom come *after* it, 25 and 9."
    assert found == (10, 4, 25, 9), f"The box should be (10, 4, 25, 9), not {found}."
    found = whole(solution(heat, share=0.05))
    assert found == (0, 0, 25, 9), (
        f"With share = 0.05 the faint corner counts too: (0, 0, 25, 9), not {found}. Is the argument `share` used?")
    heat[15, 20] = 2.5
    found = whole(solution(heat, share=0.5))
    assert found == (10, 4, 25, 16), (
        f"A pixel of exactly half the maximum belongs to the box of share = 0.5, (10, 4, 25, 16), not {found}: "
        "“at least” includes it.")


def small():
    """A frozen network of two layers with a weight for each of 3 × 4 places, for pictures of 24 × 32 pixels.

    Its filters add up to zero, so its maps have both signs; all of it is linear, so its slopes can be measured.
    """
    network = nn.Sequential(OrderedDict(
        conv4=nn.Conv2d(3, 4, 8, stride=8), conv5=nn.Conv2d(4, 5, 1), flat=nn.Flatten(), classifier=nn.Linear(60, 3)))
    network.layers = {"conv4": network.conv4, "conv5": network.conv5}
    for weight in network.eval().requires_grad_(False).parameters():
        weight.normal_()
    network.conv4.weight -= network.conv4.weight.mean(dim=(1, 2, 3), keepdim=True)
    network.conv4.bias.zero_()
    return network


def measured(network, layer, image):
    """What a layer puts out [C, h, w], and how far each logit moves if one of these activations grows by one:
    [classes, C, h, w]."""
    with activations(network, layer) as seen:
        network(image)
    rest, shape = network[list(network.layers).index(layer) + 1:], seen[layer].shape[1:]
    moved = rest(torch.eye(shape.numel()).view(-1, *shape)) - rest(torch.zeros(1, *shape))
    return seen[layer][0], moved.T.reshape(-1, *shape)


def state(network):
    """What a look into a network should leave as it was."""
    return [(module.training, len(module._forward_hooks)) for module in network.modules()] + [
        weight.requires_grad for weight in network.parameters()]


def heat_of(solution, network, layer, image, target):
    """The map that a solution finds, if it is one."""
    before = state(network)
    try:
        found = solution(network, layer, image, target)
    except RuntimeError as error:
        assert "element 0" not in str(error) and "requires_grad=False" not in str(error), (
            "There is no graph to take a gradient from. The network is frozen, so hand it a copy of the picture that "
            "asks for a gradient, `requires_grad_()`, outside of `no_grad`.")
        assert "differentiated Tensor" not in str(error), (
            "The score does not depend on this tensor: take the gradient at `seen[layer]` itself, not at a copy of it "
            "or at what another run put out.")
        raise
    except AttributeError as error:
        assert "'NoneType' object" not in str(error), (
            "A gradient is None: activations keep none by themselves. Take it with `torch.autograd.grad(score, A)`.")
        raise
    assert not image.requires_grad, (
        "The caller's picture now asks for a gradient itself: let a copy ask, `image.clone().requires_grad_()`.")
    assert state(network) == before, (
        "Leave the network as it was: frozen, in the mode it was in, and without a hook of yours.")
    assert isinstance(found, torch.Tensor), f"Return a tensor; this is of type {type(found).__name__}."
    assert found.shape != (3, 4), (
        "The map has the layer's size, [3, 4], and should have the picture's, [24, 32]: enlarge it with `upsample`.")
    assert found.shape == (24, 32), (
        f"A picture of [24, 32] pixels should get a map of [24, 32], not {list(found.shape)}.")
    assert not found.requires_grad, "Detach the map: nobody will differentiate it again."
    assert found.min() >= 0, (
        f"The map has negative values, down to {found.min():.2f}: keep the positive part of the sum.")
    return found.cpu()


def close(found, wanted):
    return (found - wanted).abs().max() < 1e-3 * wanted.abs().max()


def wrong_scores(recipe, network, layer, image, target):
    """What a recipe for maps gives for the wrong number or layer: [(what to say, the small map)]."""
    (A, slopes), logits = measured(network, layer, image), network(image)[0]
    chance = logits.softmax(0)
    log_chance = slopes[target] - torch.einsum("c,ckhw->khw", chance, slopes)
    probability = "This is the map of a probability or of a loss: take the gradient of the class's logit."
    (other,) = {"conv4", "conv5"} - {layer}
    there, slopes_there = measured(network, other, image)
    return [
        ("This is the map of the class with the highest score, not of class `target`.",
         recipe(slopes[logits.argmax()], A)),
        ("This is the map of all logits together: take the score of class `target` alone.", recipe(slopes.sum(0), A)),
        (probability, recipe(chance[target] * log_chance, A)), (probability, recipe(log_chance, A)),
        (probability, recipe(-log_chance, A)),
        (f"Asked for {layer}, this is the map of {other}: use the argument `layer`.",
         recipe(slopes_there[target], there)),
    ]


def check_map(solution, recipe, mistakes, scale, summary):
    """Ask a solution for maps and compare them with a recipe: (slopes, A), both [C, h, w] -> [h, w], signed.

    mistakes: [(what to say, another such recipe)]; scale: what to say of a map that is only too strong or too faint;
    summary: what the map should be.
    """
    network, image = small(), torch.rand(1, 3, 24, 32)
    target = network(image)[0].argsort()[1].item()
    for layer in ("conv5", "conv4"):
        found = heat_of(solution, network, layer, image, target)
        (A, slopes), size = measured(network, layer, image), image.shape[-2:]
        wrong = [(told, make(slopes[target], A)) for told, make in mistakes]
        for told, each in wrong + wrong_scores(recipe, network, layer, image, target):
            assert not close(found, upsample(each.clamp(min=0), size)), told
        signed = recipe(slopes[target], A)
        wanted = upsample(signed.clamp(min=0), size)
        assert not close(found, upsample(signed, size).clamp(min=0)), (
            "The map was enlarged and then cut at zero: take the positive part first, then enlarge it.")
        off = found.max() / wanted.max()
        assert close(found, wanted) or not close(found / off, wanted), (
            f"The map has the right form and is {off:.3g} times as strong as it should be. {scale}")
        same_picture(found, wanted, (
            f"On a small network, {layer}: this is not {summary}. The largest value should be {wanted.max():.3g} and "
            f"is {found.max():.3g}."), 1e-3 * wanted.abs().max())


def alpha(slopes):
    return slopes.mean(dim=(1, 2), keepdim=True)


def weighted(slopes, A):
    return (alpha(slopes) * A).sum(0)


NOT_AVERAGED = "Every place keeps its own gradient in this map: average it over the places, one number a channel."
UNSCALED = "A weight is the *mean* of a channel's gradient; the weighted maps are *added*; nothing is rescaled."


@exercise("06", 2)
def grad_cam(solution):
    """Grad-CAM: the maps of a layer, weighted by each one's mean gradient; the positive part of their sum."""
    check_map(solution, weighted, [
        ("Sum over the channels first, then keep the positive part: those that speak against the class must count.",
         lambda slopes, A: (alpha(slopes) * A).clamp(min=0).sum(0)),
        ("Keep negative weights: channels that speak against the class must count. The ReLU comes after the sum.",
         lambda slopes, A: (alpha(slopes).clamp(min=0) * A).sum(0)),
        ("These weights have lost their sign: channels that speak against the class must count against it.",
         lambda slopes, A: (alpha(slopes).abs() * A).sum(0)),
        ("The gradient was cut at zero before its mean was taken: a weight is the mean of all of it, of either sign.",
         lambda slopes, A: weighted(slopes.clamp(min=0), A)),
        ("These are the layer's maps alone: multiply each with its weight.", lambda slopes, A: A.sum(0)),
        (NOT_AVERAGED, lambda slopes, A: (slopes * A).sum(0)),
        ("This map marks what speaks against the class too: keep the positive part, not the absolute value.",
         lambda slopes, A: weighted(slopes, A).abs()),
        ("This map marks what speaks *against* the class: the sign is the wrong way round.",
         lambda slopes, A: -weighted(slopes, A)),
        ("This is the gradient alone: multiply the weights with the layer's maps.", lambda slopes, A: slopes.sum(0)),
    ], UNSCALED,
        "the sum of the channels' maps, each times its mean gradient, and of that the positive part, enlarged")


@exercise("06", 3)
def cam_weight_over_alpha(solution):
    """The factor between the classifier's weight and the mean gradient, where a mean lies between."""
    for height, width in ((2, 3), (8, 8), (5, 4)):
        A, weights = torch.rand(7, height, width, requires_grad=True), torch.rand(7) + 1
        (slope,) = torch.autograd.grad(weights @ A.flatten(1).mean(1), A)
        wanted = (weights / slope.flatten(1).mean(1)).mean().item()
        found = float(solution(height, width))
        assert found != 1, "The two are not the same: the pooling takes a mean. What does that do to the gradient?"
        assert abs(found * wanted - 1) > 1e-3, (
            f"On a map of {height} × {width} the factor is the other way round: the classifier's weight is the larger "
            f"one, and {found:.3g} times alpha is smaller than alpha.")
        assert found != 64 or wanted > 60, (
            f"64 is right for a map of 8 × 8; this one is {height} × {width}. Compute it from `height` and `width`.")
        assert abs(found - wanted) < 1e-3 * wanted, (
            f"On a map of {height} × {width} the classifier's weight is {wanted:.0f} times alpha, not {found:.3g} "
            "times. Over how many places does the pooling take its mean?")


@exercise("06", 4)
def layer_cam(solution):
    """LayerCAM: each activation times its own gradient, where that is positive, summed over the channels."""
    check_map(solution, lambda slopes, A: (slopes.clamp(min=0) * A).sum(0), [
        ("This is Grad-CAM: don't average the gradient over the places.", weighted),
        ("The negative gradients are still in this map: take the gradient's positive part before you multiply.",
         lambda slopes, A: (slopes * A).sum(0)),
        ("This is the gradient alone: multiply its positive part with the layer's activations.",
         lambda slopes, A: slopes.clamp(min=0).sum(0)),
        ("The inner ReLU belongs to the gradient alone, not to its product with A, which may be negative itself.",
         lambda slopes, A: (slopes * A).clamp(min=0).sum(0)),
        ("Leave negative gradients out instead of taking their absolute value.",
         lambda slopes, A: (slopes.abs() * A).sum(0)),
        ("This map is made of the negative gradients: keep the positive ones.",
         lambda slopes, A: ((-slopes).clamp(min=0) * A).sum(0)),
        ("The channels still have one weight each, their mean gradient, cut at zero: don't average over the places.",
         lambda slopes, A: (alpha(slopes).clamp(min=0) * A).sum(0)),
        ("The gradient was cut at zero and then averaged: every place keeps its own.",
         lambda slopes, A: weighted(slopes.clamp(min=0), A)),
        ("The gradient was cut at zero, then its maximum taken: every place keeps its own.",
         lambda slopes, A: (slopes.clamp(min=0).amax(dim=(1, 2), keepdim=True) * A).sum(0)),
    ], "The products are *added* over the channels, and nothing is averaged or rescaled.",
        "the sum over the channels of each place's positive gradient times its activation, and of that the positive "
        "part, enlarged")


@exercise("06", 5)
def counterfactual_map(solution):
    """Grad-CAM with the gradient's sign turned: where a layer speaks against a class."""
    def turned(*given):
        found = solution(*given)
        assert found.max() > 0, (
            "The map has no positive value: Grad-CAM's ReLU has already thrown away what you look for. Turn the sign "
            "before it.")
        return found

    check_map(turned, lambda slopes, A: -weighted(slopes, A), [
        ("This map marks what speaks *for* the class: turn the sign.", weighted),
        ("This map marks both sides at once: turn the sign and keep the positive part, not the absolute value.",
         lambda slopes, A: weighted(slopes, A).abs()),
        ("Keep all channels: those that speak for the class must count against the others. One ReLU, after the sum.",
         lambda slopes, A: ((-alpha(slopes)).clamp(min=0) * A).sum(0)),
        ("Sum over the channels first, then keep the positive part: those that speak for the class must count.",
         lambda slopes, A: (-alpha(slopes) * A).clamp(min=0).sum(0)),
        ("Where Grad-CAM is cold, nothing need speak against the class: turn the sign, don't subtract the map.",
         lambda slopes, A: weighted(slopes, A).clamp(min=0).max() - weighted(slopes, A).clamp(min=0)),
        (NOT_AVERAGED, lambda slopes, A: -(slopes * A).sum(0)),
    ], UNSCALED,
        "the sum of the channels' maps, each times its mean gradient, with the sign turned, and of that the positive "
        "part, enlarged")
