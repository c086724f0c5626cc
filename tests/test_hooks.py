"""`activations` sees the named layers and leaves nothing behind."""

import pytest
import torch
from torch import nn

from helpers import activations
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
