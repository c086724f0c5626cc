"""`activations` sees the named layers, `guided_relus` guides gradients, and both leave nothing behind."""

import pytest
import torch
from captum.attr import GuidedBackprop
from torch import nn

from helpers import activations, guided_relus, load_network
from helpers.networks import Network


@pytest.fixture
def network():
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU())
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, neck, 5, {"conv1": "body.1", "conv2": "body.3"}).eval().requires_grad_(False)


def hooks(network):
    return sum(len(module._forward_hooks) for module in network.modules())


def test_outputs_of_the_named_layers(network):
    x = torch.rand(2, 3, 8, 8)
    with activations(network, ["conv2", "conv1"]) as seen:
        network(torch.zeros(1, 3, 8, 8))
        network(x)
    first = network.body[:2]((x - network.mean) / network.std)
    assert torch.equal(seen["conv1"], first)
    assert torch.equal(seen["conv2"], network.body[2:](first))
    assert len(seen) == 2


def test_gradients_flow_to_a_layer(network):
    with activations(network, ["conv1"]) as seen:
        score = network(torch.rand(1, 3, 8, 8).requires_grad_())[0, 0]
    (gradient,) = torch.autograd.grad(score, seen["conv1"])
    assert gradient.shape == (1, 4, 6, 6) and gradient.abs().sum() > 0


def test_hooks_are_removed(network):
    with activations(network, network.layers):
        assert hooks(network) == 2
    assert hooks(network) == 0


def test_hooks_are_removed_after_an_error(network):
    with pytest.raises(RuntimeError):
        with activations(network, ["conv1"]):
            network(torch.rand(2, 7))
    with pytest.raises(KeyError, match="layers: no layer 'conv9'; choose from conv1, conv2"):
        with activations(network, ["conv1", "conv9"]):
            pass
    assert hooks(network) == 0


@pytest.mark.parametrize("name, relus", [("vgg", 13), ("resnet18", 17), ("densenet121", 121), ("alexnet", 7)])
def test_guided_relus_give_captums_guided_backprop(name, relus):
    network, x = load_network(name), torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with guided_relus(network) as count:
        image = x.clone().requires_grad_()
        (ours,) = torch.autograd.grad(network(image)[:, 3].sum(), image)
    assert count == relus
    assert torch.allclose(ours, GuidedBackprop(network).attribute(x.requires_grad_(), target=3), atol=1e-6)
    (plain,) = torch.autograd.grad(network(x)[:, 3].sum(), x)
    assert not torch.allclose(plain, ours, atol=1e-3), "the ReLUs should be as before after the block"
    assert hooks(network) == 0


def test_guided_relus_need_relus():
    with pytest.raises(ValueError, match="^network: "):
        with guided_relus(nn.Linear(2, 2)):
            pass
