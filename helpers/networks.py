"""The course's networks by name: the lecture's families, small, trained on the collage world (helpers.families), and
torchvision's, trained on ImageNet (helpers.imagenet)."""

import os

import torch

from helpers import families, imagenet
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
    `source()`, as drawn); None takes those of `source()`.
    Raises WeightsUnavailable if the weights are missing or damaged, ValueError if `weights` is none of these.
    """
    weights = weights or source()
    if weights not in ("course", "imagenet", "untrained"):
        raise ValueError(f"weights: 'course', 'imagenet' or 'untrained' is needed, got {weights!r}")
    kind = source() if weights == "untrained" else weights
    load = {"course": families.load, "imagenet": imagenet.load}[kind]
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
