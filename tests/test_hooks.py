"""`activations` sees the named layers, `guided_relus` guides gradients, and both leave nothing behind."""

import pytest
import torch
from captum.attr import GuidedBackprop
from torch import nn

from helpers import activations, grad_cam, guided_backprop, guided_relus, load_network
from helpers.classifier import Network, drawn
from helpers.hooks import features, upsample
from helpers.imagenet import import_torchvision


@pytest.fixture
def network():
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU())
    neck = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
    return Network(body, neck, 5, {"conv1": "body.1", "conv2": "body.3"}).eval().requires_grad_(False)


def hooks(network):
    return sum(len(module._forward_hooks) for module in network.modules())


def calls_of(module):
    """A list that grows by one with each call of a module."""
    calls, forward = [], module.forward
    module.forward = lambda x: calls.append(1) or forward(x)
    return calls


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


# ---- stop=True ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [["conv1"], ["conv2"], ["conv1", "conv2"], ["conv2", "conv1"], "conv1"])
def test_a_stopped_pass_sees_the_same(network, layers):
    x = torch.rand(2, 3, 8, 8)
    with activations(network, layers) as whole:
        network(x)
    with activations(network, layers, stop=True) as seen:
        network(x)
    assert seen.keys() == whole.keys() and all(torch.equal(seen[name], whole[name]) for name in whole)


@pytest.mark.parametrize("layers, above", [(["conv1"], 0), (["conv2", "conv1"], 1), (["conv1", "conv2"], 1)])
def test_a_stopped_pass_computes_nothing_above_its_deepest_layer(network, layers, above):
    conv2, neck = calls_of(network.body[2]), calls_of(network.neck)
    with activations(network, layers, stop=True):
        network(torch.rand(1, 3, 8, 8))
        pytest.fail("the block should end with the pass")
    assert (len(conv2), len(neck)) == (above, 0)
    network(torch.rand(1, 3, 8, 8))
    assert (len(conv2), len(neck)) == (above + 1, 1), "as ever after the block"


def test_a_stopped_pass_has_the_same_gradient(network):
    x, gradients = torch.rand(2, 3, 8, 8), []
    for stop in (False, True):
        image = x.clone().requires_grad_()
        with activations(network, ["conv1", "conv2"], stop) as seen:
            network(image)
        (gradient,) = torch.autograd.grad(seen["conv1"].sum() + seen["conv2"].square().sum(), image)
        gradients.append(gradient)
    assert torch.equal(*gradients) and gradients[0].abs().sum() > 0


def test_features_are_a_layers_output_and_the_pass_ends_there(network):
    images, calls = torch.rand(2, 3, 16, 16), calls_of(network.neck)
    with activations(network, "conv1") as seen:
        network(images)
    assert len(calls) == 1
    assert torch.equal(features(network, "conv1", images), seen["conv1"]) and len(calls) == 1


def test_a_heat_map_is_enlarged_around_its_middle():
    heat = upsample(torch.tensor([[0.0, 0.0], [0.0, 4.0]]), (4, 8))
    assert heat.shape == (4, 8) and heat.max() == heat[3, 7] == 4 and heat[0].max() == 0
    assert torch.allclose(heat.mean(), torch.tensor(1.0))


def test_a_stopped_pass_leaves_no_hooks(network):
    with activations(network, ["conv1"], stop=True):
        assert hooks(network) == 1
        network(torch.rand(1, 3, 8, 8))
    assert hooks(network) == 0
    with activations(network, ["conv1"], stop=True) as seen:
        pass
    assert hooks(network) == 0 and not seen


@pytest.mark.parametrize("error", [ZeroDivisionError, RuntimeError, KeyboardInterrupt])
def test_an_error_inside_the_block_comes_through(network, error):
    with pytest.raises(error, match="the caller's own"):
        with activations(network, ["conv1"], stop=True):
            raise error("the caller's own")
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


def test_any_modules_layer_can_be_named_by_its_path_or_itself():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    x = torch.rand(1, 3, 8, 8)
    with activations(network, ["0", "2.0", network[1]]) as seen:
        network(x)
    assert torch.equal(seen["0"], network[0](x)) and torch.equal(seen["2.0"].flatten(1), network(x))
    assert torch.equal(seen[network[1]], network[:2](x))
    with pytest.raises(KeyError, match="choose from 0, 1, 2, 2.0, 2.1"):
        with activations(network, "conv1"):
            pass


def test_grad_cam_takes_a_network_of_torchvisions():
    network = drawn(import_torchvision().models.resnet18).eval()
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    heat = grad_cam(network, "layer3", image, 5)
    assert heat.shape == (64, 64) and heat.max() > 0
    assert torch.equal(grad_cam(network, network.layer3, image, 5), heat)


def test_a_compiled_network_is_refused(network):
    compiled = torch.compile(network, backend="eager")
    for call in (lambda: guided_backprop(compiled, torch.rand(1, 3, 64, 64), 0),
                 lambda: grad_cam(compiled, "conv5", torch.rand(1, 3, 64, 64), 0)):
        with pytest.raises(ValueError, match="torch.compile"):
            call()
