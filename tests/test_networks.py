"""The course's networks are what their papers describe, were trained well, and ImageNet's are torchvision's own."""

import importlib.abc
import importlib.machinery
import io
import sys
import types
import urllib.error
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import nn

from helpers import activations, classifier
from helpers.classifier import WEIGHTS, WeightsUnavailable, first_convolution
from helpers.collage import scenes
from helpers.families import COURSE
from helpers.imagenet import IMAGENET, import_torchvision
from helpers.make.training import SEED, TEST_SEED, perturb
from helpers.networks import load_network, load_networks
from helpers.photos import PHOTOS, load_image, photo

ROOT = Path(__file__).parent.parent
REAL = ROOT.parent / "shared"  # one real ImageNet network and a few photos, where a developer has them

# Convolutions along the main path (1×1 ones between dense blocks too), those on shortcuts, linear layers.
DEPTHS = {"alexnet": (5, 0, 3), "vgg": (13, 0, 1), "resnet18": (17, 3, 1), "resnet101": (100, 3, 1), "densenet121": (120, 0, 1),
          "plain": (12, 0, 1), "robust": (12, 0, 1)}
RELUS = {"alexnet": 7, "vgg": 13, "resnet18": 17, "resnet101": 100, "densenet121": 121, "plain": 12, "robust": 12}
DRAWING = ("plain", "robust")  # see natural colors


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    def no_network(*arguments, **options):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.delenv("COURSE_WEIGHTS", raising=False)
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)


def pictures(n=1, size=64):
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0))


def check_promises(network, relus):
    """What every network of `load_network` promises; `relus` is how many it has."""
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    names = list(network.layers)
    assert names[:5] == ["conv1", "conv2", "conv3", "conv4", "conv5"]

    called, order = [], []
    for module in network.modules():
        if isinstance(module, (nn.ReLU, nn.ReLU6)):
            assert not module.inplace
            module.register_forward_hook(lambda module, inputs, output: called.append(module))
    for name, module in network.layers.items():
        module.register_forward_hook(lambda module, inputs, output, name=name: order.append(name))
    x = pictures(2).requires_grad_()
    logits = network(x)
    assert order == names
    assert len(called) == len(set(called)) == relus

    assert logits.shape == (2, len(network.labels))
    assert (logits.sum(1) - 1).abs().min() > 0.001  # no probabilities
    (gradient,) = torch.autograd.grad(logits[:, 0].sum(), x)
    assert gradient.shape == x.shape and gradient.abs().sum() > 0


# ---- the course's own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COURSE)
def test_untrained_network(name):
    check_promises(load_network(name, "untrained"), RELUS[name])


@pytest.mark.parametrize("name, relus", [("efficientnet", 33), ("efficientnet_lite1", 43)])
def test_real_network_keeps_the_promises(name, relus):
    check_promises(load_network(name), relus)


@pytest.mark.parametrize("name", COURSE)
def test_depth_is_the_paper_s(name):
    network = load_network(name, "untrained")
    convolutions = {path for path, module in network.named_modules() if isinstance(module, nn.Conv2d)}
    shortcuts = {path for path in convolutions if ".shortcut" in path}
    linear = [module for module in network.modules() if isinstance(module, nn.Linear)]
    assert (len(convolutions - shortcuts), len(shortcuts), len(linear)) == DEPTHS[name]


@pytest.mark.parametrize("name, filters, kernel, stride", [
    ("alexnet", 64, 11, 4), ("vgg", 24, 3, 1), ("resnet18", 64, 7, 2), ("resnet101", 64, 7, 2), ("densenet121", 64, 7, 2),
    ("plain", 64, 3, 1), ("robust", 64, 3, 1),
])
def test_first_layer(name, filters, kernel, stride):
    layer = first_convolution(load_network(name, "untrained"))
    assert layer.weight.shape == (filters, 3, kernel, kernel) and layer.stride == (stride, stride)


@pytest.mark.parametrize("name", COURSE)
def test_features_are_what_the_classifier_reads(name):
    network = load_network(name, "untrained")
    features = network.features(pictures())
    assert features.shape == (1, 512)
    assert torch.equal(network.classifier(features), network(pictures()))


def test_normalization_is_inside():
    network = load_network("vgg", "untrained")
    seen = []
    network.body.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(pictures())
    assert torch.allclose(seen[0], (pictures() - 0.45) / 0.25)


def test_loading_leaves_the_random_numbers_alone():
    torch.manual_seed(3)
    load_network("alexnet", "untrained")
    after = torch.rand(1)
    torch.manual_seed(3)
    assert torch.equal(after, torch.rand(1))


def test_untrained_networks_are_the_same_each_time():
    torch.manual_seed(1)
    one = load_network("resnet18", "untrained").state_dict()
    torch.manual_seed(2)
    other = load_network("resnet18", "untrained").state_dict()
    assert all(torch.equal(one[key], other[key]) for key in one)


def test_class_of():
    network = load_network("alexnet", "untrained")
    assert [network.class_of(label) for label in network.labels] == list(range(10))
    with pytest.raises(ValueError, match="^subject: 'dog'"):
        network.class_of("dog")


# ---- their errors ---------------------------------------------------------------------------------------------------


def test_unknown_names(monkeypatch):
    with pytest.raises(WeightsUnavailable, match="lenet.*alexnet, vgg"):
        load_network("lenet")
    with pytest.raises(WeightsUnavailable, match="lenet.*squeezenet"):
        load_network("lenet", "imagenet")
    with pytest.raises(ValueError, match="^weights: .*'nonsense'"):
        load_network("vgg", "nonsense")
    monkeypatch.setenv("COURSE_WEIGHTS", "nonsense")
    with pytest.raises(ValueError, match="^COURSE_WEIGHTS: .*'nonsense'"):
        load_network("vgg")


def half_a_file():
    data = save(COURSE["resnet18"]().state_dict())
    return data[: len(data) // 2]


def weights_of_another():
    return save(COURSE["alexnet"]().state_dict())


@pytest.mark.parametrize("content", [None, bytes, lambda: b"not weights", half_a_file, weights_of_another],
                         ids=["none", "empty", "text", "half", "another's"])
def test_missing_and_damaged_weights(content, tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path)
    if content:
        (tmp_path / "resnet18.safetensors").write_bytes(content())
    what = "damaged" if content else "missing"
    with pytest.raises(WeightsUnavailable, match=f"^resnet18: .*{what}.*python -m helpers.make.training resnet18") as error:
        load_network("resnet18", "course")
    assert "\n" not in str(error.value)


def test_load_networks_goes_on_with_the_others(capsys):
    found = load_networks(["lenet", "alexnet"], "untrained")
    assert list(found) == ["alexnet"]
    printed = capsys.readouterr().out
    assert printed.startswith("lenet: ") and printed.count("\n") == 1


def test_load_networks_with_none(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path)
    with pytest.raises(WeightsUnavailable):
        load_networks(["vgg", "alexnet"], "course")
    assert "python -m helpers.make.training vgg" in capsys.readouterr().out


# ---- the committed weights ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unseen():
    seed = 82  # at least one picture more than needed is named by each network
    assert seed not in (SEED, TEST_SEED)
    return {natural: scenes(100, seed, natural=natural) for natural in (False, True)}


@pytest.mark.parametrize("name", COURSE)
def test_committed_network_names_unseen_scenes(name, unseen):
    network, made = load_network(name, "course"), unseen[name in DRAWING]
    enough = {"plain": 0.95, "robust": 0.92}.get(name, 0.98)
    with torch.no_grad():
        right = [(network(images).argmax(1) == labels).float()
                 for images, labels in zip(made.images.split(10), made.labels.split(10))]
    assert torch.cat(right).mean() >= enough
    with safe_open(WEIGHTS / f"{name}.safetensors", "pt") as file:
        assert float(file.metadata()["accuracy"]) >= enough


def test_robust_network_withstands_an_adversary(unseen):
    images, labels, _ = (part[10:20] for part in unseen[True])
    right = {}
    for name in DRAWING:
        network, chance = load_network(name, "course"), torch.Generator().manual_seed(0)
        attacked = perturb(network, images, labels, 1.5, chance, steps=3)
        with torch.no_grad():
            right[name] = (network(attacked).argmax(1) == labels).float().mean()
    assert right["robust"] > max(0.7, right["plain"] + 0.3)


@pytest.mark.parametrize("name", ["vgg", "resnet18", "densenet121", *DRAWING])
def test_committed_network_names_the_original_photos(name):
    network = load_network(name, "course")
    subjects = {name: subject for name, (_, _, subject) in PHOTOS.items() if subject}
    with torch.no_grad():
        answers = network(torch.stack([photo(name, 128) for name in subjects])).argmax(1)
    assert {name: network.labels[answer] for name, answer in zip(subjects, answers)} == subjects


def test_committed_weights_are_small():
    files = list(WEIGHTS.iterdir())
    assert {path.stem for path in files} >= set(COURSE)
    assert sum(path.stat().st_size for path in files) <= 38_000_000


# ---- ImageNet's -----------------------------------------------------------------------------------------------------


# Where the lecture's layers lie in torchvision's models; a residual block puts out what its last ReLU does.
OUTPUTS = {
    "alexnet": ["features.1", "features.4", "features.7", "features.9", "features.11", "classifier.2", "classifier.5"],
    "vgg": ["features.3", "features.8", "features.15", "features.22", "features.29"],
    "resnet18": ["relu", "layer1", "layer2", "layer3", "layer4"],
    "densenet121": ["features.relu0", *(f"features.transition{i}.relu" for i in (1, 2, 3)), "features.norm5"],
}


@pytest.fixture
def torch_home(tmp_path, monkeypatch):
    """torch_home(name): where torchvision looks for the weights of a network; the folder is empty."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(nn.Linear, "reset_parameters", lambda self: None)  # slow, and soon overwritten

    def path(name):
        weights = import_torchvision().models.get_model_weights(IMAGENET[name][0])["IMAGENET1K_V1"]
        path = tmp_path / "hub" / "checkpoints" / Path(weights.url).name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    return path


def torchvision_model(name):
    """A model of torchvision's with random weights. The columns of a linear layer are equal, so that its file is small."""
    generator, state = torch.Generator().manual_seed(0), {}
    with torch.device("meta"):
        model = import_torchvision().models.get_model(IMAGENET[name][0]).eval()
    for key, value in model.state_dict().items():
        if value.dim() == 2:
            state[key] = torch.randn(len(value), 1, generator=generator).mul(value.shape[1] ** -0.5).expand(value.shape)
        elif value.dim() == 4:
            state[key] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        elif value.dim() == 1:
            state[key] = torch.rand(value.shape, generator=generator) + (0.5 if key.endswith(("weight", "var")) else -0.5)
        else:
            state[key] = torch.tensor(0)
    model.load_state_dict(state, assign=True)
    return model


@pytest.mark.parametrize("name", OUTPUTS)
@torch.no_grad()
def test_imagenet_network_is_torchvision_s(name, torch_home):
    model = torchvision_model(name)
    torch.save(model.state_dict(), torch_home(name))
    network = load_network(name, "imagenet")
    assert len(network.labels) == 1000 and "African elephant" in network.labels

    x, expected = pictures(), []
    for path in OUTPUTS[name]:
        model.get_submodule(path).register_forward_hook(lambda module, inputs, output: expected.append(output.clone()))
    logits = model((x - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))
    with activations(network, network.layers) as seen:
        found = network(x)
    assert relative_error(found, logits) < 1e-4
    assert len(seen) == len(expected) == len(OUTPUTS[name])
    for layer, output in zip(network.layers, expected):
        assert relative_error(seen[layer], output.relu()) < 1e-4, layer
    assert torch.equal(network.classifier(network.features(x)), found)


def relative_error(found, expected):
    return (found - expected).abs().max() / expected.abs().max()


@pytest.mark.parametrize("name, relus", [("resnet18", 17), ("densenet121", 121), ("alexnet", 7), ("squeezenet", 26)])
def test_imagenet_network_keeps_the_promises(name, relus, monkeypatch):
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    network = load_network(name, "untrained")
    check_promises(network, relus)
    assert first_convolution(network).in_channels == 3
    assert network.labels[network.class_of("rocket")] == "missile"
    with pytest.raises(ValueError, match="^subject: 'retina'"):
        network.class_of("retina")


def damaged_files():
    stream, old = io.BytesIO(), io.BytesIO()
    model = import_torchvision().models.resnet18()
    torch.save(model.state_dict(), stream)
    torch.save(model.state_dict(), old, _use_new_zipfile_serialization=False)
    yield from (stream.getvalue()[:length] for length in (0, 1, 1000, 5_000_000, len(stream.getvalue()) - 10))
    yield from (old.getvalue()[:length] for length in (10, 3000, 5_000_000, len(old.getvalue()) - 10))
    yield b"<html>Not found</html>"
    stream = io.BytesIO()
    torch.save({"another": torch.zeros(3)}, stream)
    yield stream.getvalue()
    stream = io.BytesIO()
    torch.save([1, 2], stream)
    yield stream.getvalue()


def test_damaged_checkpoint(torch_home):
    path = torch_home("resnet18")
    for content in damaged_files():
        path.write_bytes(content)
        with pytest.raises(WeightsUnavailable, match=f"^resnet18: {path.name} .*damaged; delete it") as error:
            load_network("resnet18", "imagenet")
        assert "\n" not in str(error.value)


def test_there_is_no_robust_imagenet_network(torch_home, monkeypatch, capsys):
    torch.save(torchvision_model("vgg").state_dict(), torch_home("vgg"))
    monkeypatch.setenv("COURSE_WEIGHTS", "imagenet")
    assert list(load_networks(["plain", "robust"])) == ["plain"]
    assert capsys.readouterr().out == "robust: torchvision has no network trained against an adversary; going on with the plain one.\n"


def test_missing_checkpoint(torch_home):
    with pytest.raises(WeightsUnavailable, match="^resnet18: .*can't be downloaded") as error:
        load_network("resnet18", "imagenet")
    assert "\n" not in str(error.value)
    assert not list(torch_home("resnet18").parent.iterdir())


@pytest.mark.skipif(not (REAL / "torch_home").exists(), reason="the real SqueezeNet lies beside a developer's checkout only")
@torch.no_grad()
def test_real_squeezenet_knows_real_photos(monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(REAL / "torch_home"))
    network = load_network("squeezenet", "imagenet")
    photos = sorted((REAL / "imagenet_photos").glob("n*.JPEG"))
    top = network(torch.stack([load_image(path, 224) for path in photos])).topk(5).indices
    found = [path.stem.split("_", 1)[1].replace("_", " ") in [network.labels[k] for k in five] for path, five in zip(photos, top)]
    assert len(photos) == 16 and sum(found) >= 10


# ---- torchvision's import -------------------------------------------------------------------------------------------


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a torchvision whose import fails until its operators are declared."""

    def __init__(self, module, declared):
        self.module, self.declared = module, declared

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == "torchvision" else None

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        if not {"nms", "qnms"} <= self.declared:
            raise RuntimeError("operator torchvision::nms does not exist")


@pytest.mark.parametrize("matching", [True, False])
def test_import_torchvision_declares_operators_only_if_it_must(matching, monkeypatch):
    declared = set()

    class Library:
        def __init__(self, *arguments):
            assert not matching, "nothing is to be declared beside a matching pair"

        def define(self, schema):
            declared.add(schema.split("(")[0])

    monkeypatch.setattr(torch.library, "Library", Library)
    monkeypatch.setattr(import_torchvision, "keep", None, raising=False)
    ready = types.ModuleType("torchvision")
    monkeypatch.setitem(sys.modules, "torchvision", ready)
    if not matching:
        monkeypatch.delitem(sys.modules, "torchvision")
        monkeypatch.setattr(sys, "meta_path", [Finder(ready, declared), *sys.meta_path])
    assert import_torchvision() is ready
    assert declared == (set() if matching else {"nms", "qnms"})
