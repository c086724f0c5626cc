"""Style and content in numbers, and the networks that paint: what notebooks 11 and 12 build step by step."""

import copy
from functools import partial
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from helpers.hooks import activations
from helpers.classifier import load_weights
from helpers.paintings import STYLES

STYLE_WEIGHTS = {"conv1": 10.0, "conv2": 3.0, "conv3": 1.0, "conv4": 1.0}  # the first layers hold color and fine grain
CONTENT_LAYER = "conv4"
SHARP_LAYERS = ("conv3", CONTENT_LAYER)  # of the content loss that the painters train on: conv3 still holds fine edges
CONTENT_WEIGHT = 2.0  # of networks that learn to paint: with 1 from the start, the glass had panes and no cat
STRANGE = 0.2  # weight of `strange_colors`
PAINTED = tuple(name for name, style in STYLES.items() if style.trained)  # the styles of the network "many"


def gram_matrix(features):
    """The Gram matrix of features [C, H, W] or [N, C, H, W]: [C, C] or [N, C, C], the mean outer product over positions
    (Gatys, Ecker & Bethge, NeurIPS 2015, take the sum). Notebook 10 builds it."""
    rows = features.flatten(-2)
    return torch.einsum("...cx,...dx->...cd", rows, rows) / rows.shape[-1]


def total_variation(image, beta=2.0, epsilon=1e-8):
    """The total variation of a picture [3, H, W] or a batch (Mahendran & Vedaldi, CVPR 2015): a scalar, the sum over
    all values of (squared difference to the right + squared difference below) ** (beta / 2). For beta below 2,
    `epsilon` is added inside the power. Half precision, which is too coarse for it, is taken to single first. Notebook
    09 builds it."""
    image = image.to(torch.promote_types(image.dtype, torch.float32))
    right = image[..., :-1, 1:] - image[..., :-1, :-1]
    below = image[..., 1:, :-1] - image[..., :-1, :-1]
    return (right.square() + below.square() + epsilon * (beta < 2)).pow(beta / 2).sum()


def without_batch_norm(network):
    """A copy of a network in eval mode, each batch normalization made a part of the convolution before it: the same
    numbers, sooner."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        if isinstance(module, nn.Sequential):
            for i, (first, second) in enumerate(pairwise(list(module))):
                if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                    module[i], module[i + 1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return network


def with_average_pooling(network):
    """A copy of a network whose maximum pooling takes the mean."""
    network = copy.deepcopy(network)
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding, child.ceil_mode))
    return network


def with_mirrored_borders(network):
    """A copy of a network whose convolutions see the picture mirrored beyond its borders, not black."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.padding_mode = "reflect"
    return network


def loss_network(network):
    """A copy of a network in eval mode to compare pictures with: its pooling takes the mean, for notebook 10 finds its
    textures smoother, and it sees mirrored borders, for zeros would burn into the picture's rim."""
    return with_mirrored_borders(with_average_pooling(without_batch_norm(network)))


class PerceptualLoss(nn.Module):
    """How far pictures are from a content and from a style, seen by a network (Johnson, Alahi & Fei-Fei, ECCV 2016).

    network: a frozen classifier; styles: pictures [S, 3, h, w]; weights: of the layers' style losses; content_layers:
    those whose mean distance is the content loss. Both losses are relative squared distances: 1 is as far as zero
    activations, or a zero Gram matrix, would be.
    """

    def __init__(self, network, styles, weights=STYLE_WEIGHTS, content_layers=SHARP_LAYERS):
        super().__init__()
        self.network, self.weights, self.content_layers = network, dict(weights), content_layers
        with torch.no_grad():
            seen = self.look(styles)
            self.wanted = {layer: gram_matrix(seen[layer]) for layer in self.weights}

    def look(self, images):
        """The activations of the layers that are compared: {layer: [n, C, H, W]}."""
        with activations(self.network, {*self.weights, *self.content_layers}, stop=True) as seen:
            self.network(images)
        return {layer: value.float() for layer, value in seen.items()}

    def content(self, images):
        """The activations {layer: [n, C, H, W]} that the content loss compares."""
        with torch.no_grad():
            seen = self.look(images)
        return {layer: seen[layer] for layer in self.content_layers}

    def forward(self, images, content, style):
        """Pictures [n, 3, H, W], `content` of their originals, and the index [n] of each one's style -> (content loss
        [n], style loss [n])."""
        seen = self.look(images)
        kept = sum(_relative(seen[layer], content[layer]) for layer in self.content_layers) / len(self.content_layers)
        return kept, self.style(seen, style)

    def style(self, seen, style):
        """The style loss [n] of pictures by what is `seen` of them."""
        wanted = {layer: gram.to(seen[layer].device)[style] for layer, gram in self.wanted.items()}
        return sum(weight * _relative(gram_matrix(seen[layer]), wanted[layer])
                   for layer, weight in self.weights.items())


def _relative(found, wanted):
    """The squared distance of n tensors, relative to the square of what is wanted: [n]."""
    return (found - wanted).square().flatten(1).sum(1) / wanted.square().flatten(1).sum(1)


def palette(pictures):
    """The colors of pictures [n, 3, h, w]: their means [n, 3, 1] and the inverses of their covariances [n, 3, 3]."""
    colors = pictures.flatten(2)
    spread = torch.stack([each.cov() for each in colors]) + 1e-3 * torch.eye(3, device=pictures.device)
    return colors.mean(2, keepdim=True), spread.inverse()


def strange_colors(images, colors, usual=10.0):
    """How far the colors of pictures [n, 3, H, W] lie outside of a palette of n pictures or of one: [n], the mean over
    pixels of the squared Mahalanobis distance from the palette's mean, beyond `usual`."""
    mean, precision = colors
    away = images.flatten(2) - mean
    return F.relu((away * (precision @ away)).sum(1) - usual).mean(1)


class ConditionalInstanceNorm(nn.Module):
    """Instance normalization with a scale γ and a shift β for each style (Dumoulin, Shlens & Kudlur, ICLR 2017).

    Called with maps [n, C, h, w] and how much of each style is wanted: [n, S], or [n, S, H, W] where that differs from
    place to place. γ begins at 1, β at 0. Notebook 12 builds it.
    """

    def __init__(self, channels, styles):
        super().__init__()
        self.gamma, self.beta = nn.Parameter(torch.ones(styles, channels)), nn.Parameter(torch.zeros(styles, channels))

    def forward(self, x, weights):
        weights = weights[..., None, None] if weights.dim() == 2 else F.adaptive_avg_pool2d(weights, x.shape[-2:])
        gamma, beta = (torch.einsum("nshw,sc->nchw", weights, table) for table in (self.gamma, self.beta))
        return gamma * F.instance_norm(x) + beta


class Layer(nn.Module):
    """A convolution of a picture mirrored at its edges, after bilinear upsampling if wanted, and a normalization."""

    def __init__(self, inputs, outputs, kernel, norm, stride=1, upsample=1):
        super().__init__()
        self.upsample = upsample
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, padding_mode="reflect", bias=False)
        self.norm = norm(outputs)

    def forward(self, x, *style):
        x = F.interpolate(x, scale_factor=self.upsample, mode="bilinear") if self.upsample > 1 else x
        return self.norm(self.conv(x), *style)


class Block(nn.Module):
    """Two layers whose output is added to their input."""

    def __init__(self, channels, norm):
        super().__init__()
        self.first, self.second = Layer(channels, channels, 3, norm), Layer(channels, channels, 3, norm)

    def forward(self, x, *style):
        return x + self.second(F.relu(self.first(x, *style)), *style)


class StylizationNetwork(nn.Module):
    """A network that paints (Johnson, Alahi & Fei-Fei, ECCV 2016), narrower: pictures [n, 3, H, W] -> [n, 3, H, W].

    norm: a function of a number of channels that returns a normalization, such as `nn.BatchNorm2d`; what follows the
    pictures in a call goes to all of them. H and W may be any numbers from 16. A small fixed blur comes before the
    sigmoid, so that nothing alternates from pixel to pixel.
    """

    def __init__(self, norm, width=24, blocks=4):
        super().__init__()
        self.down = nn.ModuleList([Layer(3, width, 9, norm), Layer(width, 2 * width, 3, norm, stride=2),
                                   Layer(2 * width, 4 * width, 3, norm, stride=2)])
        self.blocks = nn.ModuleList([Block(4 * width, norm) for _ in range(blocks)])
        self.up = nn.ModuleList([Layer(4 * width, 2 * width, 3, norm, upsample=2),
                                 Layer(2 * width, width, 3, norm, upsample=2)])
        self.paint = Layer(width, 3, 9, norm)

    def forward(self, images, *style):
        x = images * 2 - 1
        for layer in self.down:
            x = F.relu(layer(x, *style))
        for block in self.blocks:
            x = block(x, *style)
        for layer in self.up:
            x = F.relu(layer(x, *style))
        height, width = images.shape[-2:]
        return blurred(self.paint(x, *style)[..., :height, :width]).sigmoid()


def blurred(images):
    """Pictures [n, C, H, W] after the kernel [1 2 1] / 4 along both sides, mirrored at their edges."""
    kernel = images.new_tensor([0.25, 0.5, 0.25])
    kernel = (kernel[:, None] * kernel).expand(images.shape[1], 1, -1, -1)
    return F.conv2d(F.pad(images, (1, 1, 1, 1), mode="reflect"), kernel, groups=images.shape[1])


instance_norm = partial(nn.InstanceNorm2d, affine=True)


def stylizer(name):
    """The stylization network `name`, as drawn: "many", with conditional instance normalization for all styles of
    `PAINTED`; one of these styles, with instance normalization; or "glass_batch", with batch normalization."""
    if name == "many":
        return StylizationNetwork(partial(ConditionalInstanceNorm, styles=len(PAINTED)))
    style, _, norm = name.partition("_")
    if style not in PAINTED or norm not in ("", "batch"):
        raise ValueError(f"name: no stylization network {name!r}; choose from many, {', '.join(PAINTED)}")
    return StylizationNetwork(nn.BatchNorm2d if norm else instance_norm)


def load_stylizer(name="many"):
    """A trained stylization network (see `stylizer`), in eval mode, frozen, on the CPU.

    Raises ValueError if there is no such network, WeightsUnavailable if its weights are missing or damaged.
    """
    network = stylizer(name)
    load_weights(f"stylize_{name}", network)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
