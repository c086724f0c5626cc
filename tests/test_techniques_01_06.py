"""The techniques of notebooks 01 to 06, beside Captum's and scikit-learn's."""

import time

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients, LayerGradCam, Occlusion, Saliency
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from helpers import activations, grad_cam, hooks, load_network, photo
from helpers.collage import SUBJECTS, pairs, scenes
from helpers.families import COURSE
from helpers.heads import load_head, spell
from helpers.make.notebooks import definitions


@pytest.fixture(scope="module")
def mapping():
    return definitions("06_class_activation_maps")


@pytest.mark.parametrize("layer", ["conv2", "conv3", "conv4", "conv5"])
def test_grad_cam_equals_captums_upsampled(mapping, layer):
    network, made = load_network("vgg"), pairs(2, seed=20, size=96)
    oracle = LayerGradCam(network, network.layers[layer])
    for image, target in zip(made.images[:, None], made.labels[:, 0].tolist()):
        theirs = oracle.attribute(image.clone().requires_grad_(), target, relu_attributions=True)
        theirs = F.interpolate(theirs, size=(96, 96), mode="bilinear", align_corners=False)[0, 0]
        ours = mapping["grad_cam"](network, layer, image, target)
        assert torch.allclose(ours, theirs, atol=1e-5) and ours.max() > 0


def test_the_notebooks_grad_cam_is_the_helpers(mapping):
    network, image = load_network("vgg"), pairs(1, seed=21).images
    heat = mapping["grad_cam"](network, "conv4", image, 3)
    assert heat.shape == (128, 128) and heat.min() >= 0 and not heat.requires_grad
    assert torch.allclose(heat, grad_cam(network, "conv4", image, 3), atol=1e-6), "the helper should be what the notebook builds"


def test_class_activation_map_is_non_negative_and_needs_pooling(mapping):
    class_activation_map = mapping["class_activation_map"]
    image = pairs(1, seed=22, subjects=("cat", "cup")).images
    heat = class_activation_map(load_network("vgg"), image, SUBJECTS.index("cat"))
    assert heat.shape == (128, 128) and heat.min() >= 0 and heat.max() > 0
    with pytest.raises(ValueError, match="global average pooling"):
        class_activation_map(load_network("alexnet"), image, 0)


def test_grad_cam_of_pixels_equals_captums():
    grad_cam_of_pixels = definitions("06_class_activation_maps")["grad_cam_of_pixels"]
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
    grad_cam_of_words = definitions("06_class_activation_maps")["grad_cam_of_words"]
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
    assert torch.allclose(reduction["effective_neighbors"](p), torch.tensor(float(perplexity)).double(), rtol=1e-6)


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


def test_fields_of_the_board_lay_gray_over_their_places(saliency):
    board, image = saliency["Board"](4), torch.zeros(1, 3, 32, 32)
    board.children[6].value = board.children[1].value = True
    assert board.value == (1, 6)
    saliency["across"] = 4
    gray = saliency["rubbed"](image, board.value)[0, 0] == 0.5
    assert gray.sum() == 2 * 8 * 8 and gray[:8, 8:16].all() and gray[8:16, 16:24].all()
    assert torch.equal(saliency["rubbed"](image, ()), image)


def test_asking_again_stops_when_another_class_is_first(saliency):
    def seer(x):  # sees class 0 as long as any of two of four places is white
        return torch.stack([x[:, 0, 0, 0] + x[:, 0, 0, -1] - 1.2, torch.zeros(len(x))], dim=1)

    saliency |= {"across": 2, "side": 8, "seer": seer}
    assert sorted(saliency["asked_again"](torch.ones(1, 3, 8, 8), 0, [3, 2, 1, 0])) == [0, 1]
