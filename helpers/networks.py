"""The course's networks by name: the lecture's families, small, trained on the collage world (helpers.families);
torchvision's, trained on ImageNet (helpers.imagenet); and one of ImageNet's that needs no download
(helpers.efficientnet)."""

import os

import torch

from helpers import efficientnet, families, imagenet
from helpers.classifier import WeightsUnavailable


def device():
    """The device of the course: CUDA, else Apple's MPS, else the CPU; COURSE_DEVICE=cpu (or another) forces one."""
    if "COURSE_DEVICE" in os.environ:
        return torch.device(os.environ["COURSE_DEVICE"])
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


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

    weights: "course" (trained on the collage world), "imagenet" (torchvision's), or "untrained" (a network of
    `source()`, as drawn); None takes those of `source()`. "efficientnet" and "efficientnet_lite1", which were trained
    on ImageNet and need no download, are there in both sources.
    Raises WeightsUnavailable if the weights are missing or damaged, ValueError if `weights` is none of these.
    """
    weights = weights or source()
    if weights not in ("course", "imagenet", "untrained"):
        raise ValueError(f"weights: 'course', 'imagenet' or 'untrained' is needed, got {weights!r}")
    kind = source() if weights == "untrained" else weights
    home = {"course": families, "imagenet": imagenet}[kind]
    home = efficientnet if name in efficientnet.EFFICIENTNETS else home
    return home.load(name, weights).eval().requires_grad_(False).to(memory_format=torch.channels_last)


def load_networks(names, weights=None):
    """Those of the named networks that can be had, {name: network}; prints a line for each that can't.

    Where none of ImageNet's can, EfficientNet takes their place. Raises WeightsUnavailable if none is left.
    """
    found, missing = {}, None
    for name in names:
        try:
            found[name] = load_network(name, weights)
        except WeightsUnavailable as error:
            missing = error
            print(error)
    if not found and (weights or source()) == "imagenet":
        print("Going on with efficientnet.")
        found["efficientnet"] = load_network("efficientnet")
    if not found:
        raise missing
    return found


def load_real(name="efficientnet"):
    """A network that knows ImageNet's thousand classes and needs no download, on `device()`; None, after a line that
    says what to do, if it can't be had."""
    try:
        return load_network(name).to(device())
    except WeightsUnavailable as error:
        print(error)
