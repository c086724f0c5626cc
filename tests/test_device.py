"""What is computed in double precision is taken to the CPU first: Apple's GPU knows no float64."""

import pytest
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from helpers import device, load_network, photo, show
from helpers.ascent import optimize_image
from helpers.make.notebooks import definitions


class OnGpu(torch.Tensor):
    """Stands for a tensor on Apple's GPU: it refuses float64 and NumPy before `cpu()`."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in (torch.Tensor.numpy, torch.Tensor.__array__):
            raise TypeError("can't convert mps:0 device type tensor to numpy")
        found = super().__torch_function__(func, types, args, kwargs or {})
        if func is torch.Tensor.cpu:
            with torch._C.DisableTorchFunctionSubclass():
                return found.as_subclass(torch.Tensor)
        if any(isinstance(each, cls) and each.dtype == torch.float64 for each in tree_leaves(found)):
            raise TypeError("the MPS framework doesn't support float64")
        return found

    def __deepcopy__(self, memo):
        copied = self.detach().clone()
        return nn.Parameter(copied, requires_grad=False) if isinstance(self, nn.Parameter) else copied


def on_gpu(network):
    for module in network.modules():
        for name, weight in [*module.named_parameters(recurse=False)]:
            setattr(module, name, nn.Parameter(weight.data.as_subclass(OnGpu), requires_grad=False))
        for name, values in [*module.named_buffers(recurse=False)]:
            if values.is_floating_point():
                setattr(module, name, values.as_subclass(OnGpu))
    return network


@pytest.fixture(autouse=True)
def modules_take_new_parameters():
    """So that a module's `cpu()` puts tensors of another class in the place of its own."""
    torch.__future__.set_overwrite_module_params_on_conversion(True)
    yield
    torch.__future__.set_overwrite_module_params_on_conversion(False)


@pytest.mark.parametrize("wrong", [
    lambda x: x.double(), lambda x: x.double().cpu(), lambda x: x.to("cpu", torch.float64), lambda x: x.numpy(),
    lambda x: on_gpu(nn.Linear(2, 2)).double(),
])
def test_the_stand_in_refuses_what_apples_gpu_does(wrong):
    with pytest.raises(TypeError):
        wrong(torch.rand(3).as_subclass(OnGpu))
    assert type(torch.rand(3).as_subclass(OnGpu).cpu().double()) is torch.Tensor


def test_bars_take_a_tensor_on_a_gpu(monkeypatch):
    drawn = []
    monkeypatch.setattr(show, "figure", lambda fig, caption, alt: drawn.append(fig))
    show.bars([torch.tensor([0.25, 0.5]).as_subclass(OnGpu)], [["a", "b"]], caption="", alt="")
    assert [bar.get_width() for bar in drawn[0].axes[0].patches] == [0.25, 0.5]


def test_lbfgs_takes_a_picture_on_a_gpu():
    start = torch.full((3, 2, 2), 0.3).as_subclass(OnGpu)
    found = optimize_image(start, lambda image: -(image - 0.6).square().sum(), 5, optimizer="lbfgs")
    assert torch.allclose(found.image.as_subclass(torch.Tensor), torch.tensor(0.6), atol=1e-4)


def test_04_opens_every_path_of_a_network_on_a_gpu():
    scope, layer = definitions("04_activations"), "conv2"
    opened = scope["unblocked"](on_gpu(load_network("vgg", "course")))
    left, right, _ = scope["gradient_support"](opened, layer)
    assert right - left + 1 == scope["receptive_field"](opened, layer)[0] == 14


def test_05_nudges_a_picture_on_a_gpu():
    network, image = load_network("vgg", "course"), photo("cat", 64)[None]
    x = image.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(network(x)[0, 0], x)
    channel, y, left = (each.item() for each in torch.unravel_index(gradient[0].abs().argmax(), gradient[0].shape))
    scope = definitions("05_saliency")
    scope |= {"network": on_gpu(network), "image": image.as_subclass(OnGpu), "target": 0}
    measured = scope["nudge"](y, left, channel, 1e-5)
    assert measured == pytest.approx(gradient[0, channel, y, left].item(), rel=0.02)


def test_the_environment_names_the_device(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.delenv("COURSE_DEVICE", raising=False)
    assert device().type == "mps"
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert device().type == "cpu"
