"""What every notebook keeps to, and its techniques beside Captum's and scikit-learn's."""

import ast
import base64
import io
import re
import symtable
import time

import nbformat
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from bs4 import BeautifulSoup
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency
from nbconvert import HTMLExporter
from PIL import Image
from scipy.interpolate import RBFInterpolator
from skimage.metrics import peak_signal_noise_ratio
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from helpers import activations, grad_cam, hooks, load_network, photo
from helpers.collage import SUBJECTS, pairs, scenes
from helpers.families import COURSE
from helpers.heads import load_head, spell
from helpers.make.strip import strip
from helpers.paintings import style_picture
from helpers.photos import DATA
from helpers.runs import RUNS
from helpers.style import (CONTENT_LAYER, PAINTED, STYLE_WEIGHTS, PerceptualLoss, gram_matrix, load_stylizer, loss_network,
                           total_variation)
from helpers.make.labs import NOTEBOOKS
from helpers.make.notebooks import definitions, load, read_names

NAMES = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))


def outputs(cell):
    return cell.get("outputs", []) if cell["cell_type"] == "code" else []


@pytest.mark.parametrize("name", NAMES)
def test_cells_were_run_in_order_without_errors(name):
    code = [cell for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in outputs(cell) if output["output_type"] == "error"]
    assert not [output for cell in code for output in outputs(cell) if output.get("name") == "stderr"]


def pictures(name):
    """(data, alt text, MIME type of the picture for readers that strip HTML) of every stored figure."""
    for cell in load(name)["cells"]:
        for output in outputs(cell):
            if "<img" in "".join(output.get("data", {}).get("text/html", "")):
                (kind,) = {"image/png", "image/jpeg"} & output["data"].keys()
                yield output["data"], output["metadata"][kind]["alt"], kind


@pytest.mark.parametrize("name", NAMES)
def test_every_picture_has_an_alt_text(name):
    drawn = [output for cell in load(name)["cells"] for output in outputs(cell)
             if {"image/png", "image/jpeg"} & output.get("data", {}).keys()]
    alts = [alt for _, alt, _ in pictures(name)]
    assert alts and len(alts) == len(drawn) and min(map(len, alts)) > 20


@pytest.mark.parametrize("name", NAMES)
def test_alt_texts_reach_the_reader_of_an_exported_page(name):
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if outputs(cell)]
    page, _ = HTMLExporter(exclude_input=True).from_notebook_node(notebook)
    shown = [image["alt"] for image in BeautifulSoup(page, "html.parser").find_all("img")]
    assert shown == [alt for _, alt, _ in pictures(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_at_most_1100_pixels_wide_and_stored_small(name):
    for data, _, kind in pictures(name):
        page = "".join(data["text/html"])
        copies = [base64.b64decode(code) for code in (re.search('base64,([^"]+)', page)[1], data[kind])]
        sizes = {Image.open(io.BytesIO(copy)).size for copy in copies}
        assert len(sizes) == 1 and max(width for width, _ in sizes) <= 1100


@pytest.mark.parametrize("name", NAMES)
def test_no_live_widget_is_stored(name):
    kinds = {kind for cell in load(name)["cells"] for output in outputs(cell) for kind in output.get("data", {})}
    assert "application/vnd.jupyter.widget-view+json" not in kinds


def test_a_clone_stays_small():
    sizes = {name: (NOTEBOOKS / f"{name}.ipynb").stat().st_size / 1e6 for name in NAMES}
    assert max(sizes.values()) < 3 and sum(sizes.values()) < 24, sizes
    assert sum(file.stat().st_size for file in RUNS.iterdir()) < 6e6


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_has_its_place_in_the_slides(name):
    kinds = {cell["metadata"].get("slideshow", {}).get("slide_type") for cell in load(name)["cells"]}
    assert kinds <= {"slide", "subslide", "fragment", "skip", "notes", "-"}


@pytest.mark.parametrize("name", NAMES)
def test_every_hook_is_gone_after_its_block(name):
    for cell in load(name)["cells"]:
        nodes = list(ast.walk(ast.parse("".join(cell["source"])))) if cell["cell_type"] == "code" else []
        opened = {id(item.context_expr) for node in nodes if isinstance(node, ast.With) for item in node.items}
        hooks_set = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
                     and node.func.attr.startswith("register_forward")]
        assert all(id(node) in opened for node in hooks_set), "an error would leave it: use it as a context manager"


def of_one_source(source):
    """How many assertions of a cell hold with one source of networks only: their condition says `source()`."""
    lines = set()
    for node in ast.walk(ast.parse(source)):
        guarded = isinstance(node, ast.If) and "source()" in ast.unparse(node.test)
        lines |= {each.lineno for each in (ast.walk(node) if guarded else [node])
                  if isinstance(each, ast.Assert) and (guarded or "source()" in ast.unparse(each.test))}
    return len(lines)


def test_readme_counts_the_assertions_that_imagenets_networks_leave_out():
    page = (NOTEBOOKS.parent / "tests" / "README.md").read_text(encoding="utf-8")
    listed = {number: int(count) for number, count in re.findall(r"^\| (\d\db?) \| (\d+) \| ", page, re.MULTILINE)}
    counted = {name.split("_")[0]: sum(
        of_one_source("".join(cell["source"])) for cell in load(name)["cells"] if cell["cell_type"] == "code")
        for name in NAMES}
    assert listed == {number: count for number, count in counted.items() if count}


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


@pytest.mark.parametrize("name", NAMES)
def test_code_fits_on_the_screen(name):
    lines = [line.rstrip("\n") for cell in load(name)["cells"] if cell["cell_type"] == "code" for line in cell["source"]]
    assert not [line for line in lines if len(line) > 120]


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_overwrites_what_another_defines(name):
    """So that a cell can be run again."""
    sources = ["".join(cell["source"]) for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    symbols = [symbol for source in sources for symbol in symtable.symtable(source, name, "exec").get_symbols()]
    functions = [symbol.get_name() for symbol in symbols if symbol.is_namespace()]
    values = {symbol.get_name() for symbol in symbols if symbol.is_assigned() and not symbol.is_namespace()}
    assert len(functions) == len(set(functions)) and not values & set(functions)


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_binds_anew_what_an_earlier_one_reads(name):
    """So that an earlier cell can be run again after a later one."""
    tables = [symtable.symtable("".join(cell["source"]), name, "exec") for cell in load(name)["cells"] if cell["cell_type"] == "code"]
    bound = [{symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned()} for table in tables]
    for i, table in enumerate(tables):
        read = (read_names(table) - bound[i]) & set().union(*bound[:i])
        assert not read & set().union(*bound[i + 1 :])


def test_the_readmes_pictures_are_those_of_the_notebooks():
    with Image.open(DATA / "strip.webp") as stored:
        stored, made = (np.asarray(image.convert("RGB"), dtype=float) for image in (stored, strip()))
        assert stored.shape == made.shape and abs(stored - made).mean() < 6, "run `python -m helpers.make.strip`"
    assert (DATA / "strip.webp").stat().st_size < 600_000


@pytest.fixture(scope="module")
def mapping():
    return definitions("06_class_activation_maps")


@pytest.mark.parametrize("layer", ["conv2", "conv3", "conv4", "conv5"])
def test_grad_cam_equals_captums_before_upsampling(mapping, layer):
    network, made = load_network("vgg"), pairs(2, seed=20, size=96)
    targets = made.labels[:, 0]
    ours = mapping["grad_cam_maps"](network, [layer], made.images, targets)[layer]
    oracle = LayerGradCam(network, network.layers[layer])
    theirs = oracle.attribute(made.images.requires_grad_(), targets, relu_attributions=True)[:, 0]
    assert torch.allclose(ours, theirs, atol=1e-5)
    assert ours.max() > 0


def test_grad_cam_is_upsampled_to_the_picture(mapping):
    network, image = load_network("vgg"), pairs(1, seed=21).images
    heat = mapping["grad_cam"](network, "conv4", image, 3)
    small = mapping["grad_cam_maps"](network, ["conv4"], image, [3])["conv4"]
    assert heat.shape == (128, 128) and heat.min() >= 0 and not heat.requires_grad
    assert torch.allclose(heat, grad_cam(network, "conv4", image, 3), atol=1e-6), "the helper should be what the notebook builds"
    assert torch.allclose(heat, F.interpolate(small[None], size=(128, 128), mode="bilinear", align_corners=False)[0, 0])


def test_class_activation_map_is_non_negative_and_needs_pooling(mapping):
    class_activation_map = mapping["class_activation_map"]
    image = pairs(1, seed=22, subjects=("cat", "cup")).images
    heat = class_activation_map(load_network("vgg"), image, SUBJECTS.index("cat"))
    assert heat.shape == (128, 128) and heat.min() >= 0 and heat.max() > 0
    with pytest.raises(ValueError, match="global average pooling"):
        class_activation_map(load_network("alexnet"), image, 0)


def test_grad_cam_of_pixels_equals_captums():
    grad_cam_of_pixels = definitions("06b_class_maps_for_pixels_and_words")["grad_cam_of_pixels"]
    segmenter, made = load_head("segmenter"), pairs(3, seed=23)

    def score(images, target):
        logits = segmenter(images)
        return (logits[:, target] * (logits.argmax(1) == target)).sum((1, 2))

    for image, label in zip(made.images[:, None], made.labels[:, 0].tolist()):
        oracle = LayerGradCam(score, segmenter.layers["conv4"])
        theirs = oracle.attribute(image.clone().requires_grad_(), additional_forward_args=label, relu_attributions=True)
        theirs = F.interpolate(theirs, size=(128, 128), mode="bilinear", align_corners=False)[0, 0]
        ours = grad_cam_of_pixels(segmenter, "conv4", image, label)
        assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4 * theirs.max().item()) and ours.max() > 0
    absent = next(label for label in range(10) if not (segmenter(made.images[:1]).argmax(1) == label).any())
    assert not grad_cam_of_pixels(segmenter, "conv4", made.images[:1], absent).any()


def test_grad_cam_of_words_equals_captums():
    grad_cam_of_words = definitions("06b_class_maps_for_pixels_and_words")["grad_cam_of_words"]
    captioner, made = load_head("captioner"), pairs(1, seed=24)
    (text,) = captioner.say(made.images)
    words, ours = spell(text), grad_cam_of_words(captioner, made.images, text)
    assert ours.shape == (len(text.split()), 128, 128)
    for place, heat in enumerate(ours):
        oracle = LayerGradCam(lambda images: captioner(images, words[None, :-1])[:, words[place + 1], place], captioner.layers["conv5"])
        theirs = oracle.attribute(made.images.clone().requires_grad_(), relu_attributions=True)
        theirs = F.interpolate(theirs, size=(128, 128), mode="bilinear", align_corners=False)[0, 0]
        assert torch.allclose(heat, theirs, rtol=1e-4, atol=1e-5)


@pytest.fixture(scope="module")
def filter_grid():
    return definitions("01_weights")["filter_grid"]


@pytest.mark.parametrize("count, side", [(64, 11), (96, 7), (5, 3)])
def test_filter_grid_lays_filters_out_row_by_row(filter_grid, count, side):
    weights = torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))
    picture, columns = filter_grid(weights), -(-count**0.5 // 1)
    rows = -(-count // columns)
    assert picture.shape == (3, rows * (side + 1) - 1, columns * (side + 1) - 1)
    assert picture.min() == 0 and picture.max() == 1
    second = weights[1]
    stretched = (second - second.min()) / (second.max() - second.min())
    assert torch.allclose(picture[:, :side, side + 1 : 2 * side + 1], stretched, atol=1e-6)


def test_filter_grid_refuses_other_shapes(filter_grid):
    with pytest.raises(ValueError, match="weights"):
        filter_grid(torch.zeros(16, 8, 5, 5))


# ---- 02 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nearest():
    return definitions("02_nearest_neighbors")["nearest"]


@pytest.mark.parametrize("shift", [0, 100])
def test_nearest_equals_scikit_learns(nearest, shift):
    generator = torch.Generator().manual_seed(0)
    x, q = torch.rand(300, 20, generator=generator) + shift, torch.rand(70, 20, generator=generator) + shift
    distances, indices = nearest(q, x, 7, chunk=32)
    theirs, their_indices = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(x.double().numpy()).kneighbors(q.double().numpy())
    assert distances.dtype == torch.float32 and indices.shape == (70, 7)
    assert np.allclose(distances, theirs, atol=1e-4) and (indices.numpy() == their_indices).all()


def test_nearest_puts_the_first_of_equals_first(nearest):
    x = torch.tensor([[2.0], [1.0], [1.0], [-1.0], [2.0]])
    distances, indices = nearest(torch.zeros(1, 1), x, 5)
    assert indices.tolist() == [[1, 2, 3, 0, 4]] and distances.tolist() == [[1, 1, 1, 2, 2]]
    assert nearest(x, x, 1)[0].eq(0).all()


@pytest.mark.parametrize("k", [0, 4])
def test_nearest_refuses_a_k_out_of_range(nearest, k):
    with pytest.raises(ValueError, match="^k: from 1 to 3"):
        nearest(torch.zeros(1, 2), torch.zeros(3, 2), k)


# ---- 03 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def reduction():
    return definitions("03_dimensionality_reduction")


def test_pca_equals_scikit_learns(reduction):
    x = torch.randn(80, 12, generator=torch.Generator().manual_seed(0)) @ torch.diag(torch.arange(12.0) + 1)
    projected, components, ratio = reduction["pca"](x, 4)
    theirs = PCA(4).fit(x.numpy())
    sign = np.sign((theirs.components_ * components.numpy()).sum(1))
    assert np.allclose(components.numpy() * sign[:, None], theirs.components_, atol=1e-4)
    assert np.allclose(projected.numpy() * sign, theirs.transform(x.numpy()), atol=1e-3)
    assert np.allclose(ratio, theirs.explained_variance_ratio_, atol=1e-5)
    for k in (0, 13):
        with pytest.raises(ValueError, match="^k: from 1 to 12"):
            reduction["pca"](x, k)


@pytest.mark.parametrize("perplexity", [5, 40])
def test_tsne_gives_every_point_the_perplexity(reduction, perplexity):
    x = torch.randn(100, 8, generator=torch.Generator().manual_seed(1)).double()
    squared = torch.cdist(x, x) ** 2
    p = reduction["conditional"](squared, reduction["find_beta"](squared, perplexity))
    assert torch.allclose(p.sum(1), torch.ones(100).double()) and p.diagonal().eq(0).all()
    assert torch.allclose(2 ** reduction["entropy"](p), torch.tensor(float(perplexity)).double(), rtol=1e-6)


def test_tsne_gradient_is_autograds(reduction):
    P = torch.rand(30, 30, generator=torch.Generator().manual_seed(2)).double().fill_diagonal_(0)
    P = (P + P.T) / (P + P.T).sum()
    y = torch.randn(30, 2, generator=torch.Generator().manual_seed(3)).double().requires_grad_()
    (expected,) = torch.autograd.grad(reduction["kl_divergence"](P, y), y)
    assert torch.allclose(reduction["gradient"](P, y.detach()), expected, atol=1e-9)


def test_tsne_parts_three_clouds_and_keeps_to_its_seed(reduction):
    labels = torch.arange(90) % 3
    x = torch.randn(90, 10, generator=torch.Generator().manual_seed(4)) + 8 * F.one_hot(labels, 10)
    y = reduction["tsne"](x, 10, 400, seed=0)
    assert y.shape == (90, 2) and reduction["knn_accuracy"](y, labels) > 0.95
    assert torch.equal(y, reduction["tsne"](x, 10, 400, seed=0))
    assert not torch.equal(y, reduction["tsne"](x, 10, 400, seed=1))


@pytest.mark.parametrize("d", [1, 2, 3, 5])
def test_intrinsic_dimension_of_spheres(reduction, d):
    x = reduction["sphere"](d, 1000, ambient=40)
    assert abs(reduction["intrinsic_dimension"](x, 7) - d) < 0.25 * d
    assert abs(reduction["two_nn"](x) - d) < 0.15 * d


def test_intrinsic_dimension_refuses_a_k_out_of_range(reduction):
    with pytest.raises(ValueError, match="^k: from 1 to 9"):
        reduction["intrinsic_dimension"](torch.rand(10, 3), 10)


def test_deep_mds_keeps_the_distances_of_new_points(reduction):
    plane = torch.randn(600, 2, generator=torch.Generator().manual_seed(5)) @ torch.randn(2, 30, generator=torch.Generator().manual_seed(6))
    x = plane / torch.pdist(plane).mean()
    model, losses = reduction["train_mds"](x[:500], [30, 8, 2], steps=300)
    assert [tuple(y.shape) for y in model(x[500:])] == [(100, 8), (100, 2)]
    assert losses[-1] < 0.1 * losses[0] and reduction["stress"](model(x[500:])[-1], x[500:]) < 0.1


# ---- 04 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def looking():
    return definitions("04_activations")


@pytest.mark.parametrize("name", COURSE)
def test_receptive_field_is_what_gradients_reach(looking, name):
    network = load_network(name, "untrained")
    opened = looking["unblocked"](network)
    for layer in ("conv1", "conv2", "conv3"):
        size, stride, offset = looking["receptive_field"](network, layer)
        left, right, unit = looking["gradient_support"](opened, layer)
        assert right - left + 1 == size and (left + right) / 2 == offset + unit * stride


def test_receptive_field_of_vggs_last_layer_is_known(looking):
    assert looking["receptive_field"](load_network("vgg"), "conv5") == (196, 16, 7.5)
    with pytest.raises(KeyError):
        looking["receptive_field"](load_network("vgg"), "conv9")


def test_top_patches_are_cut_where_the_channel_is_most_active(looking):
    network, made = load_network("vgg"), scenes(20, seed=30)
    looking["layers"] = ["conv2", "conv3"]
    patches, values, boxes = looking["top_patches"](network, "conv3", 5, made.images, 4)
    with torch.no_grad(), activations(network, ["conv3"], stop=True) as seen:
        network(made.images)
    highest = seen["conv3"][:, 5].amax(dim=(1, 2))
    assert torch.allclose(values, highest.topk(4).values, atol=1e-5) and patches.shape == (4, 3, 40, 40)
    image, (left, top, right, bottom) = made.images[highest.argmax()], boxes[0].tolist()
    assert (right - left, bottom - top) == (40, 40)
    inside = (slice(None), slice(max(0, top), min(128, bottom)), slice(max(0, left), min(128, right)))
    assert torch.equal(image[inside], patches[0][:, max(0, -top) : 40 - max(0, bottom - 128), max(0, -left) : 40 - max(0, right - 128)])
    with pytest.raises(ValueError, match="^k: at most 20"):
        looking["top_patches"](network, "conv3", 5, made.images, 21)


def test_dissection_finds_a_channel_that_is_a_mask(looking):
    masks = torch.zeros(40, 16, 16)
    masks[7, 3:9, 4:10] = 1
    concepts = torch.stack([masks.flatten(), 1 - masks.flatten()], dim=1)
    maps = torch.stack([masks, torch.rand(40, 16, 16, generator=torch.Generator().manual_seed(0))], dim=1)
    overlap = looking["dissect"](maps, concepts, share=36 / masks.numel())
    assert overlap[0, 0] == 1 and overlap[0, 1] == 0 and overlap[1, 0] < 0.2


# ---- 05 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saliency():
    return definitions("05_saliency")


@pytest.mark.parametrize("window", [8, 16, 32])
def test_occlusion_equals_captums_where_windows_tile_the_picture(saliency, window):
    network, image = load_network("vgg"), scenes(1, seed=40, size=64, subjects="cat").images
    ours = saliency["occlusion_map"](network, image, 1, window, window)
    oracle = Occlusion(lambda x: network(x).softmax(1))
    theirs = oracle.attribute(image, (3, window, window), (3, window, window), baselines=0.5, target=1, perturbations_per_eval=16)
    assert ours.shape == (64, 64) and torch.allclose(ours, theirs[0, 0], atol=1e-5)
    assert ours.abs().max() > 2e-4


def test_occlusion_is_not_slower_than_captums(saliency):
    network, image = load_network("vgg"), scenes(1, seed=41, size=64).images
    oracle, seconds = Occlusion(lambda x: network(x).softmax(1)), [[], []]
    for _ in range(2):
        for times, run in zip(seconds, (
            lambda: saliency["occlusion_map"](network, image, 1, 16, 8),
            lambda: oracle.attribute(image, (3, 16, 16), (3, 8, 8), baselines=0.5, target=1),
        )):
            began = time.process_time()
            run()
            times.append(time.process_time() - began)
    ours, theirs = map(min, seconds)
    assert ours < 1.5 * theirs, f"{ours:.2f} s against {theirs:.2f} s"


def test_occlusion_covers_every_pixel_and_refuses_bad_windows(saliency):
    network, image = load_network("vgg"), scenes(1, seed=42, size=64).images
    assert saliency["occlusion_map"](network, image, 0, 24, 10).isfinite().all()
    for window, stride in ((65, 16), (16, 17), (16, 0)):
        with pytest.raises(ValueError, match="^window, stride: "):
            saliency["occlusion_map"](network, image, 0, window, stride)


@pytest.mark.parametrize("name", ["vgg", "resnet18"])
def test_saliency_map_equals_captums(saliency, name):
    network, image = load_network(name), scenes(1, seed=43, size=64).images
    theirs = Saliency(network).attribute(image.clone().requires_grad_(), target=4).amax(dim=1)[0]
    assert torch.allclose(saliency["saliency_map"](network, image, 4), theirs, atol=1e-6)


def test_integrated_gradients_equal_captums(saliency):
    network, image = load_network("vgg"), scenes(1, seed=44, size=64).images
    theirs = IntegratedGradients(network).attribute(image, torch.full_like(image, 0.5), target=2, n_steps=8, method="riemann_middle")
    assert torch.allclose(saliency["integrated_gradients"](network, image, 2, steps=8), theirs[0].float(), atol=1e-4)


def test_averaged_gradients_are_the_helpers(saliency):
    network, image = load_network("vgg"), photo("cat", 64)[None]
    for name in ("smooth_grad", "integrated_gradients"):
        assert torch.allclose(saliency[name](network, image, 3), getattr(hooks, name)(network, image, 3), atol=1e-5), name


def test_the_rule_of_guided_backprop_is_the_helpers(saliency):
    network, image = load_network("resnet18"), scenes(1, seed=45).images
    by_rule = saliency["signed_gradient"](saliency["with_rule"](network, lambda g, active: g * (g > 0) * active), image, 3)
    assert torch.allclose(saliency["guided_backprop"](network, image, 3), by_rule, atol=1e-6)
    assert not torch.allclose(by_rule, saliency["signed_gradient"](network, image, 3), atol=1e-4)


def test_grabcut_finds_a_disk_and_bears_flat_maps(saliency):
    y, x = torch.meshgrid(torch.arange(96), torch.arange(96), indexing="ij")
    disk = (y - 40) ** 2 + (x - 50) ** 2 < 22**2
    noise = 0.05 * torch.rand(3, 96, 96, generator=torch.Generator().manual_seed(0))
    image = (torch.where(disk, torch.tensor([0.8, 0.2, 0.2])[:, None, None], torch.tensor([0.1, 0.3, 0.7])[:, None, None]) + noise)[None]
    heat = disk * torch.rand(96, 96, generator=torch.Generator().manual_seed(1))
    assert saliency["mask_iou"](saliency["grabcut_from_saliency"](image, heat), disk) > 0.95
    assert not saliency["grabcut_from_saliency"](image, torch.zeros(96, 96)).any()
    assert saliency["grabcut_from_box"](image, torch.ones(96, 96, dtype=torch.bool)).all()


# ---- 07 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ascending():
    scope = definitions("07_gradient_ascent")
    scope.update(GRAY=0.5)
    return scope


def test_class_images_are_named_by_another_network(ascending):
    robust, judge = load_network("robust"), load_network("resnet18")
    images = torch.stack([ascending["class_image"](robust, target, steps=10, lr=0.06, size=96) for target in range(10)])
    assert images.shape == (10, 3, 96, 96) and 0 <= images.min() and images.max() <= 1
    assert (judge(images).argmax(1) == torch.arange(10)).float().mean() >= 0.7


def test_a_class_image_depends_on_its_seed_and_rules_alone(ascending):
    plain, image = load_network("plain"), ascending["class_image"]
    first, again, other = (image(plain, 3, steps=3, size=64, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.allclose(first, other, atol=1e-3)
    gray = image(plain, 3, steps=3, size=64, rules=[lambda image, gradient, step: 0.5 + 0 * image])
    assert (gray == 0.5).all()


def test_small_contributions_are_those_that_change_the_score_least(ascending):
    network = load_network("plain").double()
    noise = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))  # on flat places max-pooling has ties
    x = (0.8 * scenes(1, seed=60, size=64, natural=True).images + 0.2 * noise).double().requires_grad_()
    score = network(x)[0, 0]
    (gradient,) = torch.autograd.grad(score, x)
    kept = (ascending["clip_small_contributions"](x.detach(), gradient, 0, share=0.5) != 0.5).any(1)[0]
    shift = 1e-7  # toward gray by this share of the way: the change of the score is the contribution, to first order
    change = torch.zeros(64, 64, dtype=torch.double)
    for row, column in [(3, 5), (20, 33), (41, 17), (60, 60), (31, 30)]:
        moved = x.detach().clone()
        moved[0, :, row, column] += shift * (0.5 - moved[0, :, row, column])
        change[row, column] = (network(moved)[0, 0] - score).abs() / shift
        expected = ((x.detach() - 0.5) * gradient).sum(1)[0, row, column].abs()
        assert torch.isclose(change[row, column], expected, rtol=0.02, atol=1e-5)
    assert kept.float().mean() == pytest.approx(0.5, abs=0.02)


def test_painted_waves_are_gray_for_zeros_and_smoother_than_noise(ascending):
    assert torch.allclose(ascending["paint"](torch.zeros(1, 3, 32, 17, 2)), torch.full((1, 3, 32, 32), 0.5))
    painted = ascending["paint"](0.1 * torch.randn(4, 3, 64, 33, 2, generator=torch.Generator().manual_seed(0)))
    assert painted.shape == (4, 3, 64, 64) and ascending["high_frequency_share"](painted) < 0.3


def test_colors_are_mixed_by_the_root_of_their_covariance(ascending):
    mix = ascending["color_mix"]()
    names = ("cat", "astronaut", "flower", "motorcycle", "cup", "pagoda", "rocket")
    covariance = np.cov(np.concatenate([photo(name, 64).flatten(1).numpy() for name in names], axis=1))
    ratio = (mix @ mix).numpy() / covariance
    assert np.allclose(ratio, ratio[0, 0], rtol=1e-3) and mix.norm(dim=1).max() == pytest.approx(1)


def test_waves_have_the_same_energy_whatever_their_falloff(ascending):
    waves = 0.01 * torch.randn(8, 3, 64, 33, 2, generator=torch.Generator().manual_seed(0))
    steep, known = (ascending["from_waves"](waves, ascending["photo_falloff"](waves, steepness)).sigmoid()
                    for steepness in (1.5, 1.0))
    assert torch.allclose(ascending["paint_like_photos"](waves, torch.eye(3), 1.0), steep, atol=1e-5)
    assert torch.allclose(known, ascending["paint"](waves), atol=1e-5)
    assert steep.std().item() == pytest.approx(known.std().item(), rel=0.2)
    assert ascending["high_frequency_share"](steep) < 0.5 * ascending["high_frequency_share"](known)


def test_painting_the_waves_of_a_picture_gives_it_back(ascending):
    cat, mix = photo("cat", 64)[None].clamp(0.02, 0.98), ascending["color_mix"]()
    for contrast in (0.18, 1.0):
        assert torch.allclose(ascending["paint_like_photos"](ascending["waves_of"](cat, mix, contrast), mix, contrast), cat, atol=1e-3)


def test_a_look_stays_near_the_picture_and_is_another_each_time(ascending):
    bright, generator = torch.ones(20, 3, 64, 64), torch.Generator().manual_seed(0)
    first, second = (ascending["looked_at"](bright, generator) for _ in range(2))
    share = first.mean((1, 2, 3))
    assert not torch.equal(first, second) and 0.2 < share.min() < 0.5 and share.max() > 0.9
    y, x = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    middles = [(each[:, 0] * axis).sum((1, 2)) / each[:, 0].sum((1, 2)) for axis in (x, y) for each in (first, second)]
    assert torch.stack(middles).abs().max() < 0.25


def test_an_image_in_waves_is_named_and_depends_on_its_seed(ascending):
    robust = load_network("robust")
    found, again, other = (ascending["image_in_waves"](robust, 6, 12, 96, seed) for seed in (0, 0, 1))
    assert found.image.shape == (3, 96, 96) and found.values[-1] > found.values[0] + 1
    assert torch.equal(found.image, again.image) and not torch.allclose(found.image, other.image, atol=1e-2)


def test_generator_images_come_from_codes_near_those_of_real_pictures(ascending, monkeypatch):
    generator, network = load_head("generator"), load_network("robust")
    with torch.no_grad():
        images = scenes(40, seed=62, natural=True, photos=0.6).images
        codes = torch.cat([network.features(part) for part in images.split(10)])
    pca, seen, optimize = PCA(24, random_state=0).fit(codes.numpy()), [], ascending["optimize_image"]
    center, axes = torch.as_tensor(pca.mean_), torch.as_tensor(pca.components_ * pca.explained_variance_[:, None] ** 0.5)
    monkeypatch.setitem(ascending, "optimize_image", lambda *given, **options: seen.append(optimize(*given, **options)) or seen[-1])
    images = ascending["generator_images"](generator, network, [2, 6], center, axes, steps=5, tries=12)
    assert images.shape == (2, 3, 128, 128) and seen[0].image.shape == (2, 24) and seen[0].image.abs().max() <= 2.5
    assert seen[0].values[-1] > seen[0].values[0] + 1 and network(images).argmax(1).tolist() == [2, 6]
    assert ascending["code_at"](torch.zeros(1, 24), center, axes).sub(center).abs().max() < 1e-5
    draw = ascending["generator_images"]
    monkeypatch.setitem(ascending, "generator_images", lambda *given, **options: draw(*given, tries=2, **options))
    assert ascending["generator_image"](generator, network, 2, center, axes, steps=1).shape == (3, 128, 128)


# ---- 08 -------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def attacking():
    return definitions("08_adversarial_examples")


@pytest.fixture(scope="module")
def victims():
    """Six scenes whose gradients a network is sure of, and their labels."""
    made = scenes(6, seed=61, natural=True)
    return made.images, made.labels


@pytest.fixture(scope="module")
def few():
    """Two little scenes and their labels."""
    made = scenes(2, seed=61, size=64, natural=True)
    return made.images, made.labels


def by_hand(network, images, labels):
    """The sign of the loss's gradient, picture by picture with backward()."""
    signs = []
    for image, label in zip(images, labels):
        x = image[None].clone().requires_grad_()
        (network(x).logsumexp(1) - network(x)[0, label]).sum().backward()
        signs.append(x.grad[0].sign())
    return torch.stack(signs)


def test_fgsm_equals_autograd_by_hand(attacking, few):
    network, (images, labels) = load_network("plain").double(), few
    images = images.double()
    expected = (images + 4 / 255 * by_hand(network, images, labels)).clamp(0, 1)
    assert torch.allclose(attacking["fgsm"](network, images, labels, 4 / 255), expected, atol=1e-12)


def test_pgd_equals_autograd_by_hand(attacking, few):
    network, (images, labels) = load_network("plain").double(), few
    images = images.double()
    x = images
    for _ in range(3):
        x = x + 3 / 255 * by_hand(network, x, labels)
        x = torch.minimum(torch.maximum(x, images - 4 / 255), images + 4 / 255).clamp(0, 1)
    assert torch.allclose(attacking["pgd"](network, images, labels, 4 / 255, 3 / 255, 3), x, atol=1e-12)


@pytest.mark.parametrize("epsilon", [0, 1 / 255, 8 / 255, 0.5])
def test_attacks_stay_in_range_and_within_epsilon(attacking, few, epsilon):
    network, (images, labels) = load_network("plain"), few
    for made in (attacking["fgsm"](network, images, labels, epsilon), attacking["pgd"](network, images, labels, epsilon, epsilon, 3),
                 attacking["pgd"](network, images, labels, epsilon, epsilon, 3, seed=0)):
        assert 0 <= made.min() and made.max() <= 1
        assert (made.double() - images.double()).abs().max() <= epsilon + 6e-8  # half a unit in the last place of a float
        assert ((made * 255).round() - (images * 255).round()).abs().max() <= round(255 * epsilon)


def test_pgd_starts_at_random_only_with_a_seed(attacking, few):
    network, (images, labels) = load_network("plain"), few
    without, zero, again, one = (attacking["pgd"](network, images, labels, 8 / 255, 1 / 255, 1, seed)
                                 for seed in (None, 0, 0, 1))
    assert torch.equal(zero, again) and not torch.equal(zero, one) and not torch.equal(without, zero)
    assert (without - images).abs().max() <= 1.001 / 255


def test_targeted_attack_reaches_its_target_and_leaves_the_picture(attacking, few):
    network, image = load_network("plain"), few[0][:1]
    before = image.clone()
    changed = attacking["targeted_attack"](network, image, 2)
    assert network(image).argmax() != 2 and network(changed).softmax(1)[0, 2] >= 0.9 and torch.equal(image, before)
    assert (changed - image).norm() < 5
    again = attacking["targeted_attack"](network, changed, 2)
    assert torch.equal(again, changed), "what is there already needs no step"


def test_thin_plate_spline_equals_scipys(attacking):
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(9, 2, generator=generator, dtype=torch.double) * 1.6 - 0.8
    offsets = 0.3 * torch.randn(9, 2, generator=generator, dtype=torch.double)
    ours = attacking["thin_plate_spline"](points, offsets, 24)
    line = (np.arange(24) + 0.5) / 12 - 1
    places = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    theirs = RBFInterpolator(points.numpy(), offsets.numpy(), kernel="thin_plate_spline")(places)
    assert ours.shape == (24, 24, 2) and np.allclose(ours.numpy().reshape(-1, 2), theirs, atol=1e-9)


def test_a_patch_is_laid_where_it_is_said(attacking):
    images, patch = torch.zeros(1, 3, 64, 64), torch.ones(1, 3, 16, 16)
    one = torch.ones(1)
    laid = attacking["place"](images, patch, 0.5 * one, 0.3 * one, torch.tensor([[0.25, -0.25]]), 0.8 * one)
    rows, columns = torch.where(laid[0, 0] > 0)
    assert laid.max() == pytest.approx(0.8) and abs(rows.float().mean() - 23.5) < 0.6 and abs(columns.float().mean() - 39.5) < 0.6
    assert laid[0, 0].gt(0).float().mean() == pytest.approx(np.pi / 4 * 0.25, rel=0.03)


def test_a_patch_wins_more_than_gray(attacking, victims):
    network, (images, _) = load_network("resnet18"), victims
    apply = attacking["sticker"](attacking["one_place"])
    patch = attacking["train_patch"](network, images, 2, apply, steps=15, lr=0.1, batch=3).image
    assert patch.shape == (3, 64, 64) and 0 <= patch.min() and patch.max() <= 1
    assert attacking["hit_rate"](network, images, patch, apply, 2) >= attacking["hit_rate"](network, images, torch.full_like(patch, 0.5), apply, 2) + 0.5


def test_pictures_turned_are_counted_by_attack(attacking, victims):
    network, (images, labels) = load_network("plain"), victims
    none, many = (attacking["attacks_that_turn"](network, images[:2], labels[:2], "L2", epsilon, steps=4)
                  for epsilon in (1e-3, 20.0))
    assert (none == 0).all() and (many == 4).all()
    assert attacking["attacks_that_turn"](network, images[:1], (labels[:1] + 1) % 10, "L2", 1.0, steps=1).tolist() == [-1]


def test_a_verdict_is_the_margin(attacking, victims):
    network, (images, labels) = load_network("plain"), victims
    logits = network(images)
    rivals = [max(row[k] for k in range(10) if k != label) - row[label] for row, label in zip(logits.tolist(), labels)]
    assert torch.allclose(attacking["Verdict"](network, labels)(images)[:, 0], torch.tensor(rivals), atol=1e-4)


def test_the_shortest_change_is_on_the_edge_of_the_class(attacking, few):
    network, image = load_network("plain"), few[0][:1]
    target = (network(image).argmax() + 1).item() % 10
    length = attacking["shortest_change"](network, image, target)
    shorter = attacking["targeted_attack"](network, image, target, length / 4, 3)
    assert 0 < length < 20 and network(shorter).argmax() != target


def test_the_straight_through_network_is_the_quantized_one_forward(attacking, victims):
    network, (images, labels) = load_network("resnet18"), victims
    hidden, open_one = attacking["Quantized"](network), attacking["StraightThrough"](network)
    assert torch.allclose(hidden(images), open_one(images), atol=1e-4)
    assert not attacking["loss_gradient"](hidden, images, labels).any() and attacking["loss_gradient"](open_one, images, labels).any()


# ---- 09 ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def inverting():
    return definitions("09_inversion_and_deepdream")


@pytest.mark.parametrize("beta", [1.0, 1.5, 2.0, 3.0])
def test_total_variations_gradient_is_that_of_finite_differences(inverting, beta):
    x = torch.rand(2, 3, 5, 6, generator=torch.Generator().manual_seed(0), dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: inverting["total_variation"](x, beta), x)


def test_total_variation_of_a_step_is_counted_by_hand(inverting):
    image = torch.zeros(3, 4, 5)
    image[0, 1:3, 2:4] = 0.5  # right: 2 + 2 rises; below: 2 + 2; one place has both
    both = torch.zeros(3, 4, 5)
    both[0, 1, 2] = 1
    assert inverting["total_variation"](image, 2.0) == pytest.approx(8 * 0.25)
    assert inverting["total_variation"](both, 2.0) == pytest.approx(4)
    assert inverting["total_variation"](both, 1.0).item() == pytest.approx(2 + 2**0.5, abs=5e-3)  # the power is outside the sum


def test_inversion_comes_back_to_the_photo_from_the_first_layer(inverting):
    network, image = load_network("robust"), photo("flower", 64)
    made = inverting["invert_features"](network, "conv1", image, steps=40)
    assert made.shape == image.shape and 0 <= made.min() and made.max() <= 1
    assert inverting["psnr"](made, image) > inverting["psnr"](torch.full_like(image, 0.5), image) + 6


def test_psnr_and_ssim_are_scikit_images(inverting):
    image, other = photo("cat", 48), photo("cup", 48)
    assert inverting["psnr"](image, other).item() == pytest.approx(peak_signal_noise_ratio(image.numpy(), other.numpy(), data_range=1), abs=1e-4)
    assert inverting["ssim"](image, image) == 1


@pytest.mark.parametrize("shape", [(96, 96), (80, 130)])
def test_a_dream_raises_what_the_layer_sees_and_keeps_the_shape(inverting, shape):
    network, image = load_network("robust"), 0.2 + 0.6 * F.interpolate(photo("pagoda")[None], size=shape)[0]
    made = inverting["deep_dream"](network, "conv4", image, steps=4)
    assert made.shape == image.shape and 0 <= made.min() and made.max() <= 1
    before, after = (inverting["half_squared_norm"](inverting["features"](network, "conv4", x[None])) for x in (image, made))
    assert after > 1.5 * before
    assert torch.equal(made, inverting["deep_dream"](network, "conv4", image, steps=4))
    assert torch.allclose(inverting["deep_dream"](network, "conv4", image, steps=0), image, atol=1e-5)


def test_a_guided_dream_comes_nearer_to_its_guide(inverting):
    network, grass, guide = load_network("robust"), photo("grass", 96), photo("flower", 96)[None]
    toward = inverting["guided_by"](network, "conv4", guide)
    made = inverting["deep_dream"](network, "conv4", grass, toward, steps=4)
    assert toward(inverting["features"](network, "conv4", made[None])) > 1.5 * toward(inverting["features"](network, "conv4", grass[None]))


# ---- 10 ----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def weaving():
    return definitions("10_texture_synthesis")


@pytest.mark.parametrize("window", [3, 5])
def test_vectorized_nearest_neighbors_equal_the_loops(weaving, window):
    sample = weaving["sample_of"]("petals", 10, 0.25)
    assert torch.allclose(weaving["synthesize_nearest"](sample, 7, window, tolerance=None), weaving["nearest_by_loops"](sample, 7, window))


def test_a_grown_texture_has_only_the_samples_pixels_and_keeps_to_its_seed(weaving):
    sample = weaving["sample_of"]("petals", 32, 0.6)
    grown = weaving["synthesize_nearest"](sample, 40, 9, seed=1)
    assert grown.shape == (3, 40, 40)
    away = torch.cdist(grown.flatten(1).T, sample.flatten(1).T, compute_mode="donot_use_mm_for_euclid_dist")
    assert away.amin(1).max() == 0
    assert torch.equal(grown, weaving["synthesize_nearest"](sample, 40, 9, seed=1))
    assert not torch.equal(grown, weaving["synthesize_nearest"](sample, 40, 9, seed=2))


def test_a_striped_sample_grows_stripes(weaving):
    stripes = (torch.arange(16) // 2 % 2).float().expand(3, 16, 16)
    grown = weaving["synthesize_nearest"](stripes, 20, 7)
    assert torch.equal(grown, grown[:, :1].expand_as(grown)) and torch.equal(grown[:, :, 4:], grown[:, :, :-4])


def test_gram_matrix_of_a_picture_and_of_a_batch(weaving):
    features = torch.randn(3, 4, 5, 6, generator=torch.Generator().manual_seed(0)).to(memory_format=torch.channels_last)
    expected = torch.einsum("nahw,nbhw->nab", features, features) / 30
    assert torch.allclose(weaving["gram_matrix"](features), expected, atol=1e-6)
    assert torch.allclose(weaving["gram_matrix"](features[1]), expected[1], atol=1e-6)


def test_autocorrelation_is_counted_by_hand(weaving):
    image = torch.rand(3, 20, 22, generator=torch.Generator().manual_seed(0))
    gray = image.mean(0) - image.mean()
    found = weaving["autocorrelation"](image, reach=4)
    assert found.shape == (5, 9) and found[0, 4] == pytest.approx(1)
    by_hand = (gray[3:, 2:] * gray[:-3, :-2]).mean() / gray.square().mean()
    assert found[3, 6] == pytest.approx(by_hand.item(), abs=1e-5)


def test_shifted_grams_are_counted_by_hand(weaving):
    network, image = load_network("robust"), photo("brick", 64)[None]
    with torch.no_grad():
        found = weaving["shifted_grams"](network, ["conv1", "conv2"], image, shifts=(1, 6))
        f = weaving["features"](network, "conv2", image)[0]
    assert {*found} == {"conv1", "conv2", *(f"conv1 {shift} {way}" for shift in (1, 6) for way in ("right", "down")),
                        "conv2 6 right", "conv2 6 down"}
    below = sum(f[:, y, x].outer(f[:, y + 3, x]) for y in range(29) for x in range(32)) / (29 * 32)
    assert torch.allclose(found["conv2 6 down"][0], below, rtol=1e-3, atol=1e-5)
    assert torch.allclose(found["conv2"][0], weaving["gram_matrix"](f), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["adam", "lbfgs"])
def test_a_synthesized_texture_has_the_samples_gram_matrices(weaving, optimizer):
    network, sample = load_network("robust"), weaving["sample_of"]("petals", 48, 0.5)
    made = weaving["synthesize_texture"](network, ["conv1", "conv2"], sample, 64, weights={"conv1": 30}, steps=30, optimizer=optimizer)
    assert made.shape == (3, 64, 64) and 0 <= made.min() and made.max() <= 1
    with torch.no_grad():
        wanted, found, gray = (weaving["grams"](network, ["conv1", "conv2"], x[None]) for x in (sample, made, torch.full_like(made, 0.5)))
    losses, before = weaving["gram_losses"](found, wanted), weaving["gram_losses"](gray, wanted)
    assert all(losses[layer] < 0.1 * before[layer] for layer in wanted)


# ---- 11 and 12: style transfer --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def styling():
    scope = definitions("11_neural_style_transfer")
    scope["LAYERS"] = [*STYLE_WEIGHTS]
    return scope


def test_style_transfer_lowers_the_style_loss_and_keeps_the_photo(styling):
    network, cat = loss_network(load_network("robust", "course")), photo("cat", 64)
    glass = style_picture("glass", 128)
    made = styling["style_transfer"](network, cat, glass, steps=25)
    assert made.shape == cat.shape and 0 <= made.min() and made.max() <= 1
    wanted = styling["style_of"](network, glass[None])
    content, style = styling["losses"](network, torch.stack([made, photo("cup", 64)]), cat.expand(2, -1, -1, -1), wanted)
    before = styling["losses"](network, cat[None], cat[None], wanted)[1]
    assert style[0] < 0.3 * before and content[0] < content[1]


def test_the_notebooks_losses_are_the_helpers(styling):
    network, images = loss_network(load_network("robust", "course")), torch.stack([photo("cat", 64), photo("cup", 64)])
    theirs = PerceptualLoss(network, style_picture("print", 96)[None], content_layers=(CONTENT_LAYER,))
    wanted = styling["style_of"](network, style_picture("print", 96)[None])
    with torch.no_grad():
        expected = theirs(images, theirs.content(images.flip(0)), torch.zeros(2, dtype=torch.long))
    for ours, helpers in zip(styling["losses"](network, images, images.flip(0), wanted), expected):
        assert torch.allclose(ours, helpers, rtol=1e-4)


def test_the_notebooks_stylization_network_is_the_helpers(styling):
    theirs, image = load_stylizer("glass"), photo("cat", 50)[None]
    ours = styling["StylizationNetwork"](styling["partial"](torch.nn.InstanceNorm2d, affine=True)).eval()
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        assert torch.allclose(ours(image), theirs(image), atol=1e-5)


def test_earlier_notebooks_define_what_the_helpers_do():
    image, features = photo("cat", 32), torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    for beta in (1.0, 2.0):
        ours = definitions("09_inversion_and_deepdream")["total_variation"](image, beta)
        assert torch.allclose(ours, total_variation(image, beta))
    weaving = definitions("10_texture_synthesis")
    assert torch.allclose(weaving["gram_matrix"](features), gram_matrix(features))


@pytest.fixture(scope="module")
def many():
    return definitions("12_one_network_many_styles")


def test_a_pure_mixture_is_the_style_itself(many):
    network, image = load_stylizer("many"), photo("cat", 64)
    with torch.no_grad():
        pure = network(image[None], torch.eye(len(PAINTED))[2:3])[0]
    assert torch.allclose(many["mix_styles"](network, image, torch.eye(len(PAINTED))[2]), pure, atol=1e-6)
    between = many["mix_styles"](network, image, [0.5, 0, 0.5, 0, 0, 0, 0, 0])
    assert between.shape == (3, 64, 64) and not torch.allclose(between, pure, atol=0.05)


def test_a_new_style_leaves_the_shared_weights_alone(many):
    lessons = torch.stack([photo(name, 64) for name in ("cup", "flower", "retina", "rocket")])
    teacher = PerceptualLoss(loss_network(load_network("robust", "course")), style_picture("print", 64)[None])
    many |= {"lessons": lessons, "teacher": teacher, "content_of_lessons": teacher.content(lessons)}
    network, weights = load_stylizer("many"), {key: value.clone() for key, value in load_stylizer("many").state_dict().items()}
    wider, curve = many["add_style"](network, style_picture("roof", 96), steps=12)
    assert sum(curve[-3:]) < sum(curve[:3])
    for name, weight in wider.state_dict().items():
        rows = weight[:-1] if name.endswith(("gamma", "beta")) else weight
        assert torch.equal(rows, weights[name]) and torch.equal(network.state_dict()[name], weights[name])
