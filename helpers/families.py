"""The course's own networks: the lecture's families, narrower, for pictures of the collage world."""

import torch
from torch import nn

from helpers.classifier import Network, WeightsUnavailable, drawn, load_weights


def _conv(inputs, outputs, kernel, stride=1, padding=None):
    padding = kernel // 2 if padding is None else padding
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)


def _conv_relu(inputs, outputs, kernel, stride=1, padding=None):
    return [_conv(inputs, outputs, kernel, stride, padding), nn.BatchNorm2d(outputs), nn.ReLU()]


def _pooled():
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())


def alexnet():
    """AlexNet (Krizhevsky, Sutskever & Hinton, NeurIPS 2012): 64 filters of 11×11, then narrower; batch norm
    added, and no dropout, for the collage world never runs out of pictures."""
    body = nn.Sequential(
        *_conv_relu(3, 64, 11, 4, 2), nn.MaxPool2d(3, 2), *_conv_relu(64, 128, 5), nn.MaxPool2d(3, 2),
        *_conv_relu(128, 128, 3), *_conv_relu(128, 128, 3), *_conv_relu(128, 96, 3), nn.MaxPool2d(3, 2))
    neck = nn.Sequential(
        nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(96 * 9, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU())
    layers = {"conv1": "body.2", "conv2": "body.6", "conv3": "body.10", "conv4": "body.13", "conv5": "body.16",
              "fc6": "neck.3", "fc7": "neck.5"}
    return Network(body, neck, 512, layers)


def vgg():
    """VGG-16 (Simonyan & Zisserman, ICLR 2015) with its thirteen 3×3 convolutions, narrower; batch norm added, and
    global average pooling with one linear layer in the place of its three (as in Zhou et al., CVPR 2016)."""
    return _vgg((24, 24), (48, 48), (96, 96, 96), (128, 128, 128), (192, 192, 512))


def wide_vgg():
    """The network to draw with: VGG's stages, but the first is a single convolution with 64 filters, and the second is
    as wide. What the first layers drop, color above all, no picture made with the network can have."""
    return _vgg((64,), (64, 64), (96, 96, 96), (128, 128, 128), (192, 192, 512))


def _vgg(*stages):
    body, layers, inputs = nn.Sequential(), {}, 3
    for stage, widths in enumerate(stages, start=1):
        if stage > 1:
            body.append(nn.MaxPool2d(2))
        for outputs in widths:
            body.extend(_conv_relu(inputs, outputs, 3))
            inputs = outputs
        layers[f"conv{stage}"] = f"body.{len(body) - 1}"
    return Network(body, _pooled(), 512, layers)


class Residual(nn.Module):
    """A residual block (He, Zhang, Ren & Sun, CVPR 2016): `branch` is added to its input, then a ReLU."""

    def __init__(self, branch, inputs, outputs, stride):
        super().__init__()
        self.branch = nn.Sequential(*branch, nn.BatchNorm2d(outputs))
        self.shortcut = nn.Identity()
        if stride > 1 or inputs != outputs:
            self.shortcut = nn.Sequential(_conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        self.relu = nn.ReLU()

    def forward(self, x):
        return self.relu(self.branch(x) + self.shortcut(x))


def _basic(inputs, middle, outputs, stride):
    return Residual([*_conv_relu(inputs, middle, 3, stride), _conv(middle, outputs, 3)], inputs, outputs, stride)


def _bottleneck(inputs, middle, outputs, stride):
    branch = [*_conv_relu(inputs, middle, 1), *_conv_relu(middle, middle, 3, stride), _conv(middle, outputs, 1)]
    return Residual(branch, inputs, outputs, stride)


def _resnet(block, depths, middles):
    body, inputs = nn.Sequential(*_conv_relu(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)), 64
    layers = {"conv1": "body.2"}
    for stage, (depth, middle, outputs) in enumerate(zip(depths, middles, (64, 128, 256, 512)), start=2):
        for position in range(depth):
            body.append(block(inputs, middle, outputs, 2 if stage > 2 and position == 0 else 1))
            inputs = outputs
        layers[f"conv{stage}"] = f"body.{len(body) - 1}.relu"
    return Network(body, _pooled(), 512, layers)


def resnet18():
    """ResNet-18 (He et al., CVPR 2016): eight blocks of two 3×3 convolutions, the first of each narrower."""
    return _resnet(_basic, (2, 2, 2, 2), (32, 32, 48, 64))


def resnet101():
    """ResNet-101 (He et al., CVPR 2016): 33 bottlenecks, narrower."""
    return _resnet(_bottleneck, (3, 4, 23, 3), (16, 24, 40, 64))


class Dense(nn.Module):
    """A layer of a dense block (Huang, Liu, van der Maaten & Weinberger, CVPR 2017): its output joins its input."""

    def __init__(self, inputs, growth):
        super().__init__()
        self.branch = nn.Sequential(
            nn.BatchNorm2d(inputs), nn.ReLU(), *_conv_relu(inputs, 2 * growth, 1), _conv(2 * growth, growth, 3))

    def forward(self, x):
        return torch.cat([x, self.branch(x)], dim=1)


def densenet121():
    """DenseNet-121 (Huang et al., CVPR 2017): dense blocks of 6, 12, 24 and 16 layers that add 16 channels each."""
    growth, width = 16, 64
    body, layers = nn.Sequential(*_conv_relu(3, 64, 7, 2), nn.MaxPool2d(3, 2, 1)), {"conv1": "body.2"}
    for stage, depth in enumerate((6, 12, 24, 16), start=2):
        for _ in range(depth):
            body.append(Dense(width, growth))
            width += growth
        body.extend([nn.BatchNorm2d(width), nn.ReLU()])
        layers[f"conv{stage}"] = f"body.{len(body) - 1}"
        if stage < 5:
            half = width // 2 if stage < 4 else 512 - 16 * growth  # so that the last block ends with 512
            body.extend([_conv(width, half, 1), nn.AvgPool2d(2)])
            width = half
    return Network(body, _pooled(), width, layers)


COURSE = {network.__name__: network for network in (alexnet, vgg, resnet18, resnet101, densenet121)}
COURSE |= {"plain": wide_vgg, "robust": wide_vgg}  # trained on scenes in natural colors; "robust" against an adversary


def load(name, weights):
    """A network of `COURSE`, "untrained" or not."""
    if name not in COURSE:
        raise WeightsUnavailable(f"{name}: the course trained no such network; choose from {', '.join(COURSE)}.")
    if weights == "untrained":
        return drawn(COURSE[name])
    network = COURSE[name]()
    load_weights(name, network)
    return network
