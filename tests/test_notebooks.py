"""What every notebook keeps to, and its techniques beside Captum's."""

import ast

import pytest
import torch
import torch.nn.functional as F
from captum.attr import LayerGradCam

from helpers import load_network
from helpers.collage import SUBJECTS, pairs
from tests.notebooks import FOLDER, definitions, load

NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))


def outputs(cell):
    return cell.get("outputs", []) if cell["cell_type"] == "code" else []


@pytest.mark.parametrize("name", NAMES)
def test_cells_were_run_in_order_without_errors(name):
    code = [cell for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in outputs(cell) if output["output_type"] == "error"]
    assert not [output for cell in code for output in outputs(cell) if output.get("name") == "stderr"]


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_an_alt_text(name):
    pictures = [output for cell in load(name)["cells"] for output in outputs(cell) if "image/png" in output.get("data", {})]
    assert pictures
    for output in pictures:
        assert len(output["metadata"]["image/png"]["alt"]) > 20


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_has_its_place_in_the_slides(name):
    kinds = {cell["metadata"].get("slideshow", {}).get("slide_type") for cell in load(name)["cells"]}
    assert kinds <= {"slide", "subslide", "fragment", "skip", "notes", "-"}


@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_marked_in_pairs(name):
    cells = ["".join(cell["source"]) for cell in load(name)["cells"]]
    begun, ended = (sum(cell.count(f"### {word} SOLUTION") for cell in cells) for word in ("BEGIN", "END"))
    assert 3 <= begun <= 5 and begun == ended


@pytest.mark.parametrize("name", NAMES)
def test_asserts_have_messages(name):
    for cell in load(name)["cells"]:
        if cell["cell_type"] == "code":
            asserts = [node for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, ast.Assert)]
            assert all(node.msg for node in asserts), "".join(cell["source"])


@pytest.mark.parametrize("layer", ["conv2", "conv3", "conv4", "conv5"])
def test_grad_cam_equals_captums_before_upsampling(layer):
    grad_cam_maps = definitions("06_class_activation_maps")["grad_cam_maps"]
    network, made = load_network("vgg"), pairs(4, seed=20)
    targets = made.labels[:, 0]
    ours = grad_cam_maps(network, [layer], made.images, targets)[layer]
    oracle = LayerGradCam(network, network.layers[layer])
    theirs = oracle.attribute(made.images.requires_grad_(), targets, relu_attributions=True)[:, 0]
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert ours.max() > 0


def test_grad_cam_is_upsampled_to_the_picture():
    scope = definitions("06_class_activation_maps")
    network, image = load_network("vgg"), pairs(1, seed=21).images
    heat = scope["grad_cam"](network, "conv4", image, 3)
    small = scope["grad_cam_maps"](network, ["conv4"], image, [3])["conv4"]
    assert heat.shape == (128, 128) and heat.min() >= 0 and not heat.requires_grad
    assert torch.allclose(heat, F.interpolate(small[None], size=(128, 128), mode="bilinear", align_corners=False)[0, 0])


def test_class_activation_map_is_non_negative_and_needs_pooling():
    class_activation_map = definitions("06_class_activation_maps")["class_activation_map"]
    image = pairs(1, seed=22, subjects=("cat", "cup")).images
    heat = class_activation_map(load_network("vgg"), image, SUBJECTS.index("cat"))
    assert heat.shape == (128, 128) and heat.min() >= 0 and heat.max() > 0
    with pytest.raises(ValueError, match="global average pooling"):
        class_activation_map(load_network("alexnet"), image, 0)


@pytest.mark.parametrize("count, side", [(64, 11), (96, 7), (5, 3)])
def test_filter_grid_lays_filters_out_row_by_row(count, side):
    filter_grid = definitions("01_weights")["filter_grid"]
    weights = torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))
    picture, columns = filter_grid(weights), -(-count**0.5 // 1)
    rows = -(-count // columns)
    assert picture.shape == (3, rows * (side + 1) - 1, columns * (side + 1) - 1)
    assert picture.min() == 0 and picture.max() == 1
    second = weights[1]
    stretched = (second - second.min()) / (second.max() - second.min())
    assert torch.allclose(picture[:, :side, side + 1 : 2 * side + 1], stretched, atol=1e-6)


def test_filter_grid_refuses_other_shapes():
    with pytest.raises(ValueError, match="weights"):
        definitions("01_weights")["filter_grid"](torch.zeros(16, 8, 5, 5))
