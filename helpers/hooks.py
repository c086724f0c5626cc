"""Look at what happens inside a network."""

from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn


class _Enough(Exception):
    """Ends a forward pass of which nothing more is wanted."""


@contextmanager
def activations(network, layers, stop=False):
    """Collect what layers put out while the block runs: yields {layer: tensor}, the last call's.

    network: one of the course's, or any `nn.Module`; layers: one or a list of the names in `network.layers`, of paths
    to modules ("layer4.1"), or of modules. The tensors are part of the graph, so gradients can be taken with respect to
    them. The hooks are gone after the block, whatever happens in it. stop: end the forward pass, and with it the block,
    as soon as all layers have been seen; what lies above them is then not computed.
    Raises KeyError if the network has no such layer, ValueError if it went through `torch.compile`.
    """
    layers = [layers] if isinstance(layers, (str, nn.Module)) else layers
    modules, seen = {layer: _module(network, layer) for layer in layers}, {}

    def note(layer, output):
        seen[layer] = output
        if stop and len(seen) == len(modules):
            raise _Enough

    hooks = [
        module.register_forward_hook(lambda module, inputs, output, layer=layer: note(layer, output))
        for layer, module in modules.items()
    ]
    try:
        yield seen
    except _Enough:
        pass
    finally:
        for hook in hooks:
            hook.remove()


def _module(network, layer):
    """The module that a name in `network.layers`, a path or the module itself stands for."""
    _hooked(network)
    if isinstance(layer, nn.Module):
        return layer
    named, paths = getattr(network, "layers", {}), dict(network.named_modules())
    if layer not in named and not paths.get(layer):
        raise KeyError(f"layers: no layer {layer!r}; choose from {', '.join(named or list(paths)[1:])}")
    return named[layer] if layer in named else paths[layer]


def _hooked(network):
    """Raise ValueError if a network does not call the hooks of its modules."""
    if hasattr(network, "_orig_mod"):
        raise ValueError("network: it went through torch.compile and calls no hooks; take the one from before")


def features(network, layer, images):
    """What a layer says of pictures [n, 3, H, W], as for `activations`: [n, C, h, w]; what lies above it is not
    computed."""
    with activations(network, layer, stop=True) as seen:
        network(images)
    return seen[layer]


@contextmanager
def guided_relus(network):
    """Let only positive gradients pass back through each ReLU (or ReLU6) while the block runs: the gradient becomes
    guided backprop's (Springenberg et al., ICLR Workshop 2015). Yields the number of ReLUs; they are as before after
    the block.

    Forward and backward pass both belong into the block. Raises ValueError if the network has no ReLU module, or went
    through `torch.compile`.
    """
    _hooked(network)

    def guide(module, inputs, output):
        if output.requires_grad:
            output.register_hook(lambda gradient: gradient.clamp(min=0))

    hooks = [module.register_forward_hook(guide) for module in network.modules()
             if isinstance(module, (nn.ReLU, nn.ReLU6))]
    if not hooks:
        raise ValueError("network: it has no nn.ReLU whose gradient could be guided")
    try:
        yield len(hooks)
    finally:
        for hook in hooks:
            hook.remove()


def guided_backprop(network, image, target):
    """Guided backprop of the logit of class `target` (Springenberg et al., ICLR Workshop 2015); notebook 05 builds it.

    image: [1, 3, H, W] in [0, 1]; returns [3, H, W], signed. Raises what `guided_relus` raises.
    """
    with guided_relus(network):
        return _slope(network, image, target)


def smooth_grad(network, image, target, samples=16, sigma=0.1, seed=0):
    """The saliency map of the mean gradient of `samples` noisy copies of a picture (Smilkov, Thorat, Kim, Viégas &
    Wattenberg, 2017); notebook 05 builds it.

    image: [1, 3, H, W] in [0, 1]; sigma: the noise's standard deviation; returns a heat map [H, W], non-negative.
    """
    generator, total = torch.Generator().manual_seed(seed), 0
    for _ in range(samples):
        noise = sigma * torch.randn(image.shape, generator=generator).to(image)
        total = total + _slope(network, image + noise, target)
    return (total / samples).abs().amax(dim=0)


def integrated_gradients(network, image, target, steps=16):
    """The attribution of each value of a picture to the logit of class `target`, on the way from gray (Sundararajan,
    Taly & Yan, ICML 2017); notebook 05 builds it.

    image: [1, 3, H, W] in [0, 1]; steps: of the midpoint rule; returns [3, H, W], signed.
    """
    gray = torch.full_like(image, 0.5)
    way = ((i + 0.5) / steps for i in range(steps))
    mean = sum(_slope(network, gray + share * (image - gray), target) for share in way) / steps
    return (image - gray)[0] * mean


def _slope(network, image, target):
    """The gradient [3, H, W] of a logit at a picture [1, 3, H, W]."""
    x = image.detach().clone().requires_grad_()
    return torch.autograd.grad(network(x)[0, target], x)[0][0]


def grad_cam(network, layer, image, target):
    """Where `layer` speaks for class `target` (Selvaraju et al., ICCV 2017); notebook 06 builds it step by step.

    network, layer: as for `activations`; image: [1, 3, H, W] in [0, 1]; returns a heat map [H, W], non-negative, in
    units of the logit.
    """
    with activations(network, [layer]) as seen:
        score = network(image.detach().clone().requires_grad_())[0, target]
    (gradient,) = torch.autograd.grad(score, seen[layer])
    heat = F.relu((gradient.mean(dim=(2, 3), keepdim=True) * seen[layer].detach()).sum(dim=1))[0]
    return upsample(heat, image.shape[-2:])


def upsample(heat, size):
    """A heat map [h, w] at the size (H, W) of the picture: [H, W]."""
    return F.interpolate(heat[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]
