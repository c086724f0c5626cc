"""Networks of the lecture's families: small ones trained on the collage world (helpers.families), and torchvision's, trained
on ImageNet (helpers.imagenet).

Every network takes pictures [n, 3, h, w] in [0, 1] (it normalizes them itself) and answers with logits [n, classes].
It is in eval mode and frozen, and each ReLU is a module of its own and not in place.
"""

import os

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from helpers.collage import SUBJECTS
from helpers.photos import DATA

WEIGHTS = DATA / "weights"
# The ImageNet class that comes closest to a subject of the collage world, where there is one.
IMAGENET_CLASSES = {"cat": "Egyptian cat", "cup": "espresso", "motorcycle": "moped", "rocket": "missile", "helmet": "crash helmet"}


class WeightsUnavailable(RuntimeError):
    """A network's weights are missing, damaged or out of reach; the message is one line that says what to do."""


def device():
    """The device of the course: CUDA, else Apple's MPS, else the CPU; COURSE_DEVICE=cpu (or another) forces one."""
    if "COURSE_DEVICE" in os.environ:
        return torch.device(os.environ["COURSE_DEVICE"])
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


def first_convolution(network):
    """The convolution that sees the picture; its weights are the filters that the lecture draws."""
    return next(module for module in network.modules() if isinstance(module, nn.Conv2d))


# ---- loading -----------------------------------------------------------------------------------------------------------


def source():
    """Where networks come from: "course", or "imagenet" if the environment says COURSE_WEIGHTS=imagenet.

    Raises ValueError if it says anything else.
    """
    choice = os.environ.get("COURSE_WEIGHTS") or "course"
    if choice not in ("course", "imagenet"):
        raise ValueError(f"COURSE_WEIGHTS: 'course' or 'imagenet' is needed, got {choice!r}")
    return choice


def drawn(build):
    """The network that `build()` draws with the random numbers of seed 0."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return build()


def load_weights(name, network):
    """Fill a network with those of `data/weights/`; raises WeightsUnavailable if they are missing or don't fit."""
    path = WEIGHTS / f"{name}.safetensors"
    rebuild = f"rebuild it with `python -m helpers.make.training {name}`."
    if not path.exists():
        raise WeightsUnavailable(f"{name}: data/weights/{path.name} is missing; {rebuild}")
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, RuntimeError) as error:
        raise WeightsUnavailable(f"{name}: data/weights/{path.name} is damaged; {rebuild}") from error


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
    from helpers import families, imagenet  # they stand on this module

    load = imagenet.load if weights == "imagenet" or (weights == "untrained" and source() == "imagenet") else families.load
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
