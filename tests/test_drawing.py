"""What is said of the networks to draw with: quick versions of `python -m helpers.make.drawing`."""

from functools import partial

import torch

from helpers import load_network, photo
from helpers.collage import scenes
from helpers.make import drawing
from helpers.make.drawing import JUDGES, accuracy_under_attack, class_images, color_psnr, invert, sample, texture
from helpers.make.training import perturb


def test_color_psnr_ignores_light():
    cat = photo("cat", 64).clamp(0.2, 0.8)
    gray = cat.mean(0, keepdim=True).expand(3, -1, -1)
    assert color_psnr(cat + 0.1, cat) > 100 > 30 > color_psnr(gray, cat)


def test_an_inversion_of_the_robust_network_keeps_color_and_shape():
    cat = photo("cat", 64)
    plain, robust = (invert(load_network(name, "course"), "conv3", cat, steps=80) for name in ("plain", "robust"))
    assert color_psnr(robust, cat) > color_psnr(plain, cat) + 4  # decibels: less than two thirds of the error
    assert (robust - cat).square().mean() < (plain - cat).square().mean() / 2


def test_other_networks_name_the_robust_networks_class_images():
    images = class_images(load_network("robust", "course"), steps=8, lr=0.06)
    for judge in JUDGES:
        with torch.no_grad():
            named = load_network(judge, "course")(images).argmax(1)
        assert (named == torch.arange(10)).float().mean() >= 0.7


def test_a_texture_has_the_color_of_its_sample():
    petals = sample("petals", 96)
    made = texture(load_network("robust", "course"), petals, steps=40)
    assert (made.mean((1, 2)) - petals.mean((1, 2))).abs().max() < 0.08
    assert (made.std((1, 2)) / petals.std((1, 2)) - 1).abs().max() < 0.35


def test_accuracy_under_attack_falls_with_epsilon(monkeypatch):
    def in_three_steps(*given):
        network, images, labels, epsilon, chance, _, norm = given
        return perturb(network, images, labels, epsilon, chance, 3, norm)

    monkeypatch.setattr(drawing, "perturb", in_three_steps)
    monkeypatch.setattr(drawing, "scenes", partial(scenes, size=96))
    monkeypatch.setattr(drawing, "TEST_SEED", 82)
    network = load_network("robust", "course")
    weak, strong = (accuracy_under_attack(network, "L2", epsilon, n=20) for epsilon in (0.5, 12))
    assert weak > 0.8 and strong < weak - 0.3
