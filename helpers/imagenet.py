"""Torchvision's classifiers, trained on ImageNet, in the course's dress."""

import contextlib
import io
import pickle
from pathlib import Path

import torch
from torch import nn

from helpers.classifier import Network, WeightsUnavailable, drawn

# name -> (torchvision's name, layers: the lecture's name -> torchvision's, which module gives `features`)
IMAGENET = {
    "alexnet": ("alexnet", dict(conv1="features.1", conv2="features.4", conv3="features.7", conv4="features.9",
                                conv5="features.11", fc6="classifier.2", fc7="classifier.5")),
    "vgg": ("vgg16", dict(conv1="features.3", conv2="features.8", conv3="features.15", conv4="features.22",
                          conv5="features.29")),
    "vgg19": ("vgg19", dict(conv1="features.3", conv2="features.8", conv3="features.17", conv4="features.26",
                            conv5="features.35")),
    "resnet18": ("resnet18", dict(conv1="relu", **{f"conv{i + 1}": f"layer{i}.1.relu" for i in range(1, 5)})),
    "resnet101": ("resnet101", dict(conv1="relu", conv2="layer1.2.relu", conv3="layer2.3.relu", conv4="layer3.22.relu",
                                    conv5="layer4.2.relu")),
    "densenet121": ("densenet121", dict(conv1="features.relu0", conv2="features.transition1.relu",
                                        conv3="features.transition2.relu", conv4="features.transition3.relu",
                                        conv5="relu")),
    "squeezenet": ("squeezenet1_0", dict(conv1="features.1", conv2="features.5", conv3="features.10",
                                         conv4="features.12", conv5="classifier.2")),
}
IMAGENET["plain"] = IMAGENET["vgg"]  # what the course draws with beside "robust"


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


def categories():
    """The names of ImageNet's thousand classes, as torchvision writes them."""
    return import_torchvision().models.get_model_weights("resnet18")["IMAGENET1K_V1"].meta["categories"]


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
            hook = self.layers[self._reads].register_forward_hook(
                lambda module, inputs, output: found.append(output.mean((2, 3))))
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


def load(name, weights):
    """A network of `IMAGENET`, "untrained" or not."""
    if name == "robust":
        raise WeightsUnavailable(
            "robust: torchvision has no network trained against an adversary; going on with the plain one.")
    if name not in IMAGENET:
        raise WeightsUnavailable(f"{name}: no ImageNet network of this name; choose from {', '.join(IMAGENET)}.")
    models, (full_name, layers) = import_torchvision().models, IMAGENET[name]
    choice = models.get_model_weights(full_name)["IMAGENET1K_V1"]
    if weights == "untrained":
        return drawn(lambda: ImageNetNetwork(models.get_model(full_name), layers, choice.meta["categories"]))
    file = Path(torch.hub.get_dir()) / "checkpoints" / Path(choice.url).name
    missing = f"{full_name}: its ImageNet weights are not in TORCH_HOME and can't be downloaded now."
    damaged = f"{full_name}: {file.name} in TORCH_HOME is damaged; delete it and it is fetched anew."
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # torch.hub prints where it saves; the progress bar remains
            model = models.get_model(full_name, weights=choice)
    except OSError as error:
        raise WeightsUnavailable(damaged if file.exists() else missing) from error
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise WeightsUnavailable(damaged) from error
    return ImageNetNetwork(model, layers, choice.meta["categories"])
