"""Networks of the lecture's families: small ones trained on the collage world, and torchvision's, trained on ImageNet.

Every network takes pictures [n, 3, h, w] in [0, 1] (it normalizes them itself) and answers with logits [n, classes].
It is in eval mode and frozen, and each ReLU is a module of its own and not in place.
"""

import contextlib
import io
import os
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from helpers.collage import SUBJECTS
from helpers.photos import DATA


WEIGHTS = DATA / "weights"


class WeightsUnavailable(RuntimeError):
    """A network's weights are missing, damaged or out of reach; the message is one line that says what to do."""


def device():
    """The device of the course: CUDA, else Apple's MPS, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


class Network(nn.Module):
    """A classifier: `body` sees the normalized picture, `neck` makes its output a vector, `classifier` makes that logits."""

    def __init__(self, body, neck, width, layers, labels=SUBJECTS, mean=(0.45,) * 3, std=(0.25,) * 3):
        super().__init__()
        self.body, self.neck = body, neck
        self.classifier = nn.Linear(width, len(labels))
        self.labels = tuple(labels)
        self._layers = layers
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    @property
    def layers(self):
        """The lecture's name of a layer ("conv1" … "conv5") -> the module whose output it is, in order."""
        return {name: self.get_submodule(path) for name, path in self._layers.items()}

    def features(self, x):
        """The vector before the classifier: [n, width]."""
        return self.neck(self.body((x - self.mean) / self.std))

    def forward(self, x):
        return self.classifier(self.features(x))

    @property
    def subjects(self):
        """The subjects of the collage world that the network has a class for."""
        return tuple(name for name in SUBJECTS if name in self.labels or IMAGENET_CLASSES.get(name) in self.labels)

    def class_of(self, subject):
        """The index of a label, or of the ImageNet class that comes closest to a subject of the collage world.

        Raises ValueError if there is none.
        """
        label = subject if subject in self.labels else IMAGENET_CLASSES.get(subject)
        if label not in self.labels:
            raise ValueError(f"subject: {subject!r} is none of this network's classes")
        return self.labels.index(label)


# ---- the course's own -----------------------------------------------------------------------------------------------


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
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(96 * 9, 256), nn.ReLU(), nn.Linear(256, 512), nn.ReLU())
    layers = {"conv1": "body.2", "conv2": "body.6", "conv3": "body.10", "conv4": "body.13", "conv5": "body.16",
              "fc6": "neck.3", "fc7": "neck.5"}
    return Network(body, neck, 512, layers)


def vgg():
    """VGG-16 (Simonyan & Zisserman, ICLR 2015) with its thirteen 3×3 convolutions, narrower; batch norm added, and
    global average pooling with one linear layer in the place of its three (as in Zhou et al., CVPR 2016)."""
    body, layers, inputs = nn.Sequential(), {}, 3
    for stage, widths in enumerate([(24, 24), (48, 48), (96, 96, 96), (128, 128, 128), (192, 192, 512)], start=1):
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
        self.branch = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU(), *_conv_relu(inputs, 2 * growth, 1), _conv(2 * growth, growth, 3))

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


def _course(name, weights):
    if name not in COURSE:
        raise WeightsUnavailable(f"{name}: the course trained no such network; choose from {', '.join(COURSE)}.")
    if weights == "untrained":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return COURSE[name]()
    network = COURSE[name]()
    load_weights(name, network)
    return network


def load_weights(name, network):
    """Fill a network with those of `data/weights/`; raises WeightsUnavailable if they are missing or don't fit."""
    path = WEIGHTS / f"{name}.safetensors"
    rebuild = f"rebuild it with `python -m helpers.training {name}`."
    if not path.exists():
        raise WeightsUnavailable(f"{name}: data/weights/{path.name} is missing; {rebuild}")
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsUnavailable(f"{name}: data/weights/{path.name} is damaged; {rebuild}") from error


# ---- torchvision's, trained on ImageNet -----------------------------------------------------------------------------

# name -> (torchvision's name, layers: the lecture's name -> torchvision's, which module gives `features`)
IMAGENET = {
    "alexnet": ("alexnet", dict(conv1="features.1", conv2="features.4", conv3="features.7", conv4="features.9", conv5="features.11",
                                fc6="classifier.2", fc7="classifier.5")),
    "vgg": ("vgg16", dict(conv1="features.3", conv2="features.8", conv3="features.15", conv4="features.22", conv5="features.29")),
    "vgg19": ("vgg19", dict(conv1="features.3", conv2="features.8", conv3="features.17", conv4="features.26", conv5="features.35")),
    "resnet18": ("resnet18", dict(conv1="relu", **{f"conv{i + 1}": f"layer{i}.1.relu" for i in range(1, 5)})),
    "resnet101": ("resnet101", dict(conv1="relu", conv2="layer1.2.relu", conv3="layer2.3.relu", conv4="layer3.22.relu", conv5="layer4.2.relu")),
    "densenet121": ("densenet121", dict(conv1="features.relu0", **{f"conv{i + 1}": f"features.transition{i}.relu" for i in range(1, 4)}, conv5="relu")),
    "squeezenet": ("squeezenet1_0", dict(conv1="features.1", conv2="features.5", conv3="features.10", conv4="features.12", conv5="classifier.2")),
}
# The ImageNet class that comes closest to a subject of the collage world, where there is one.
IMAGENET_CLASSES = {"cat": "Egyptian cat", "cup": "espresso", "motorcycle": "moped", "rocket": "missile", "helmet": "crash helmet"}


def import_torchvision():
    """Import torchvision, also where its compiled operators can't load.

    The wheel from PyPI is compiled for CUDA; beside a CPU-only torch its import fails for want of two operators
    (`torchvision::nms`, `torchvision::qnms`) that no classifier calls. Declared without a body they satisfy the import.
    """
    try:
        import torchvision
    except RuntimeError:
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        import_torchvision.keep = library  # the declarations live as long as this object
        import torchvision
    return torchvision


class ImageNetNetwork(Network):
    """A pretrained torchvision classifier in the course's dress; `features` is what its last linear layer reads.

    SqueezeNet has no such layer: it makes a map for each class ("conv5") and averages it. Its `features` are its last
    Fire module's channels, averaged, and `classifier` is the identity that makes class activation maps of those maps.
    """

    def __init__(self, model, layers, labels):
        nn.Module.__init__(self)
        self.model, self.labels = _separate_relus(model), tuple(labels)
        self._layers = {name: self._path(path) for name, path in layers.items()}
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1), persistent=False)
        linear = [module for module in self.model.modules() if isinstance(module, nn.Linear)]
        if linear:
            self.classifier, self._reads = linear[-1], None
        else:
            self.classifier, self._reads = nn.Linear(len(labels), len(labels)), "conv4"
            nn.init.eye_(self.classifier.weight), nn.init.zeros_(self.classifier.bias)

    def _path(self, path):
        return "model." + getattr(self.model, "relu_paths", {}).get(path, path)

    def features(self, x):
        found = []
        if self._reads:
            hook = self.layers[self._reads].register_forward_hook(lambda module, inputs, output: found.append(output.mean((2, 3))))
        else:
            hook = self.classifier.register_forward_pre_hook(lambda module, inputs: found.append(inputs[0]))
        try:
            self(x)
        finally:
            hook.remove()
        return found[0]

    def forward(self, x):
        return self.model((x - self.mean) / self.std)


def _separate_relus(model):
    """Give every ReLU of a torchvision model a module of its own that is not in place.

    ResNet calls one module several times and DenseNet a function: their graphs are traced and each call replaced.
    `relu_paths` of such a model tells where the last call of a module went (of the function: "relu").
    """
    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.inplace = False
    if type(model).__name__ not in ("ResNet", "DenseNet"):
        return model
    traced, paths = torch.fx.symbolic_trace(model), {}
    modules = dict(traced.named_modules())
    for number, node in enumerate(list(traced.graph.nodes)):
        functional = node.target in (torch.relu, nn.functional.relu)
        if functional or (node.op == "call_module" and isinstance(modules[node.target], nn.ReLU)):
            path = paths["relu" if functional else node.target] = f"separate_relu{number}"
            traced.add_submodule(path, nn.ReLU())
            with traced.graph.inserting_after(node):
                node.replace_all_uses_with(traced.graph.call_module(path, node.args[:1]))
            traced.graph.erase_node(node)
    traced.delete_all_unused_submodules()
    traced.recompile()
    traced.relu_paths = paths
    return traced


def _imagenet(name, weights):
    if name not in IMAGENET:
        raise WeightsUnavailable(f"{name}: no ImageNet network of this name; choose from {', '.join(IMAGENET)}.")
    models, (full_name, layers) = import_torchvision().models, IMAGENET[name]
    choice = models.get_model_weights(full_name)["IMAGENET1K_V1"]
    if weights == "untrained":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return ImageNetNetwork(models.get_model(full_name), layers, choice.meta["categories"])
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(choice.url).name
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # torch.hub prints where it saves; the progress bar remains
            model = models.get_model(full_name, weights=choice)
    except OSError as error:
        if file.exists():
            raise WeightsUnavailable(f"{full_name}: {file.name} in TORCH_HOME is damaged; delete it and it is fetched anew.") from error
        raise WeightsUnavailable(f"{full_name}: its ImageNet weights are not in TORCH_HOME and can't be downloaded now.") from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise WeightsUnavailable(f"{full_name}: {file.name} in TORCH_HOME is damaged; delete it and it is fetched anew.") from error
    return ImageNetNetwork(model, layers, choice.meta["categories"])


# ---- loading --------------------------------------------------------------------------------------------------------


def source():
    """Where networks come from: "course", or "imagenet" if the environment says COURSE_WEIGHTS=imagenet.

    Raises ValueError if it says anything else.
    """
    choice = os.environ.get("COURSE_WEIGHTS") or "course"
    if choice not in ("course", "imagenet"):
        raise ValueError(f"COURSE_WEIGHTS: 'course' or 'imagenet' is needed, got {choice!r}")
    return choice


def load_network(name="vgg", weights=None):
    """A network by name, in eval mode, frozen, on the CPU, its weights in the channels-last order that is fastest there
    (so reshape activations by `flatten` or `reshape`; `view` may refuse).

    weights: "course" (trained on the collage world), "imagenet" (torchvision's), or "untrained" (a network of `source()`,
    as drawn); None takes those of `source()`.
    Raises WeightsUnavailable if the weights are missing or damaged, ValueError if `weights` is none of these.
    """
    weights = weights or source()
    if weights not in ("course", "imagenet", "untrained"):
        raise ValueError(f"weights: 'course', 'imagenet' or 'untrained' is needed, got {weights!r}")
    load = _imagenet if weights == "imagenet" or (weights == "untrained" and source() == "imagenet") else _course
    return load(name, weights).eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_networks(names, weights=None):
    """Those of the named networks that can be had, {name: network}; prints a line for each that can't.

    Where none of ImageNet's can, SqueezeNet is tried, the smallest (5 MB). Raises WeightsUnavailable if none is left.
    """
    found, missing = {}, None
    for name in names:
        try:
            found[name] = load_network(name, weights)
        except WeightsUnavailable as error:
            missing = error
            print(error)
    if not found and (weights or source()) == "imagenet":
        print("Going on with squeezenet.")
        found["squeezenet"] = load_network("squeezenet", weights)
    if not found:
        raise missing
    return found


def first_convolution(network):
    """The convolution that sees the picture; its weights are the filters that the lecture draws."""
    return next(module for module in network.modules() if isinstance(module, nn.Conv2d))
