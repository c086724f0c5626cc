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
NOISE = 0.6  # what is added to a photo before it is painted, as a share of the photo's own standard deviation
PAINTED = tuple(name for name, style in STYLES.items() if style.trained)  # the styles of the network "many"
# Of the content loss, in training.
CONTENT_WEIGHTS = dict.fromkeys(PAINTED, 0.7) | {"night": 1.8, "woodcut": 1.6, "print": 2.4}


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
    textures smoother."""
    return with_average_pooling(without_batch_norm(network))


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
        wanted = {layer: gram.to(images.device)[style] for layer, gram in self.wanted.items()}
        apart = {layer: _relative(gram_matrix(seen[layer]), wanted[layer]) for layer in self.weights}
        return kept, sum(weight * apart[layer] for layer, weight in self.weights.items())


def _relative(found, wanted):
    """The squared distance of n tensors, relative to the square of what is wanted: [n]."""
    return (found - wanted).square().flatten(1).sum(1) / wanted.square().flatten(1).sum(1)


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
    pictures in a call goes to all of them. H and W may be any numbers from 16. Noise is added to the pictures, as in
    Ulyanov, Lebedev, Vedaldi & Lempitsky (ICML 2016): new noise in training, else the same for each picture of a size.
    """

    def __init__(self, norm, width=16, blocks=4):
        super().__init__()
        self.down = nn.ModuleList([Layer(3, width, 9, norm), Layer(width, 2 * width, 3, norm, stride=2),
                                   Layer(2 * width, 4 * width, 3, norm, stride=2)])
        self.blocks = nn.ModuleList([Block(4 * width, norm) for _ in range(blocks)])
        self.up = nn.ModuleList([Layer(4 * width, 2 * width, 3, norm, upsample=2),
                                 Layer(2 * width, width, 3, norm, upsample=2)])
        self.paint = Layer(width, 3, 9, norm)

    def forward(self, images, *style):
        x = (images + self.noise(images)) * 2 - 1
        for layer in self.down:
            x = F.relu(layer(x, *style))
        for block in self.blocks:
            x = block(x, *style)
        for layer in self.up:
            x = F.relu(layer(x, *style))
        height, width = images.shape[-2:]
        return self.paint(x, *style)[..., :height, :width].sigmoid()

    def noise(self, images):
        shape, seed = (images.shape, None) if self.training else (images.shape[1:], torch.Generator().manual_seed(0))
        return NOISE * images.std((1, 2, 3), keepdim=True) * torch.randn(shape, generator=seed).to(images)


instance_norm = partial(nn.InstanceNorm2d, affine=True)


def stylizer(name):
    """The stylization network `name`, as drawn: "many", with conditional instance normalization for all styles of
    `PAINTED`, or one of these styles, with instance normalization."""
    if name == "many":
        return StylizationNetwork(partial(ConditionalInstanceNorm, styles=len(PAINTED)))
    if name not in PAINTED:
        raise ValueError(f"name: no stylization network {name!r}; choose from many, {', '.join(PAINTED)}")
    return StylizationNetwork(instance_norm)


def with_one_style(many, style):
    """The network for one style of `PAINTED` that paints what the network "many" does in this style."""
    row, weights = PAINTED.index(style), {}
    for name, weight in many.state_dict().items():
        table = name.endswith((".gamma", ".beta"))
        weights[name.replace(".gamma", ".weight").replace(".beta", ".bias")] = weight[row] if table else weight
    network = stylizer(style)
    network.load_state_dict(weights)
    return network


def load_stylizer(name="many"):
    """A trained stylization network (see `stylizer`), in eval mode, frozen, on the CPU.

    Raises ValueError if there is no such network, WeightsUnavailable if its weights are missing or damaged.
    """
    network = stylizer(name)
    load_weights(f"stylize_{name}", network)
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
