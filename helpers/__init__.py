"""What the notebooks of the course draw on."""

from helpers import checks as check
from helpers.classifier import WeightsUnavailable
from helpers.hooks import activations, grad_cam, guided_backprop, guided_relus
from helpers.networks import device, load_network, load_networks, load_real, source
from helpers.photos import load_image, photo, photo_mask, to_pil

__all__ = ["WeightsUnavailable", "activations", "check", "device", "grad_cam", "guided_backprop", "guided_relus",
           "load_image", "load_network", "load_networks", "load_real", "photo", "photo_mask", "source", "to_pil"]
