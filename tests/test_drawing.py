"""What is said of the networks to draw with: quick versions of `python -m helpers.make.drawing`."""

import torch

from helpers import load_network, photo
from helpers.make.drawing import JUDGES, accuracy_under_attack, class_images, color_psnr, invert, sample, texture


def test_color_psnr_ignores_light():
    cat = photo("cat", 64).clamp(0.2, 0.8)
    gray = cat.mean(0, keepdim=True).expand(3, -1, -1)
    assert color_psnr(cat + 0.1, cat) > 100 > 30 > color_psnr(gray, cat)


def test_an_inversion_of_the_robust_network_keeps_color_and_shape():
    cat = photo("cat", 128)
    plain, robust = (invert(load_network(name, "course"), "conv3", cat, steps=80) for name in ("plain", "robust"))
    assert color_psnr(robust, cat) > color_psnr(plain, cat) + 4  # decibels: less than two thirds of the error
    assert (robust - cat).square().mean() < (plain - cat).square().mean() / 2


def test_other_networks_name_the_robust_networks_class_images():
    images = class_images(load_network("robust", "course"), steps=40)
    for judge in JUDGES:
        assert (load_network(judge, "course")(images).argmax(1) == torch.arange(10)).float().mean() >= 0.7


def test_a_texture_has_the_color_of_its_sample():
    petals = sample("petals", 96)
    made = texture(load_network("robust", "course"), petals, steps=60)
    assert (made.mean((1, 2)) - petals.mean((1, 2))).abs().max() < 0.08
    assert (made.std((1, 2)) / petals.std((1, 2)) - 1).abs().max() < 0.35


def test_accuracy_under_attack_falls_with_epsilon():
    network = load_network("robust", "course")
    weak, strong = (accuracy_under_attack(network, "L2", epsilon, n=20) for epsilon in (0.5, 12))
    assert weak > 0.8 and strong < weak - 0.3
