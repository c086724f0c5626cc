"""What the course's classifiers have in common, and how weights get into a network.

Every classifier takes pictures [n, 3, h, w] in [0, 1] (it normalizes them itself) and answers with logits [n, classes].
It is in eval mode and frozen, and each ReLU is a module of its own and not in place.
"""

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from helpers.collage import SUBJECTS
from helpers.photos import DATA

WEIGHTS = DATA / "weights"
# The ImageNet class that comes closest to a subject of the collage world, where there is one.
IMAGENET_CLASSES = {"cat": "Egyptian cat", "cup": "espresso", "motorcycle": "moped", "rocket": "missile",
                    "helmet": "crash helmet"}


class Network(nn.Module):
    """A classifier: `body` sees the normalized picture, `neck` makes its output a vector, `classifier` makes that
    logits."""

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


class WeightsUnavailable(RuntimeError):
    """A network's weights are missing, damaged or out of reach; the message is one line that says what to do."""


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
