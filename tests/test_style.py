from functools import cache, partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers import WeightsUnavailable, activations, classifier, load_network, photo
from helpers.make import stylizing
from helpers.make.stylizing import SEEN, UNSEEN, Stylization, contents
from helpers.paintings import style_picture
from helpers.style import (
    PAINTED, ConditionalInstanceNorm, PerceptualLoss, StylizationNetwork, blurred, gram_matrix, instance_norm,
    load_stylizer, loss_network, palette, strange_colors, stylizer, total_variation, with_average_pooling,
    with_mirrored_borders, without_batch_norm)


def random(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_gram_matrix():
    features = random(2, 3, 4, 5)
    expected = torch.einsum("nahw,nbhw->nab", features, features) / 20
    assert torch.allclose(gram_matrix(features), expected, atol=1e-6)
    assert torch.allclose(gram_matrix(features[0]), expected[0], atol=1e-6)


def test_total_variation_of_a_ramp():
    ramp = (torch.arange(6.0) / 2).expand(3, 5, 6)
    assert total_variation(ramp).item() == pytest.approx(3 * 4 * 5 * 0.25)
    assert total_variation(ramp, 1.0).item() == pytest.approx(3 * 4 * 5 * 0.5, rel=1e-4)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_total_variation_has_a_gradient_in_half_precision(dtype, beta):
    x = torch.cat([random(3, 6, 6), torch.full((3, 6, 2), 0.5)], dim=2).to(dtype).requires_grad_()
    value = total_variation(x, beta)
    (gradient,) = torch.autograd.grad(value, x)
    single = x.detach().float().requires_grad_()
    (exact,) = torch.autograd.grad(total_variation(single, beta), single)
    assert gradient.isfinite().all() and torch.allclose(gradient.float(), exact, atol=0.02)


# ---- the losses -----------------------------------------------------------------------------------------------------


def test_a_network_without_batch_norm_says_the_same():
    network, x = load_network("robust", "course"), photo("cat", 32)[None]
    folded = without_batch_norm(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
    assert any(isinstance(module, nn.BatchNorm2d) for module in network.modules()), "the original stays as it is"
    assert torch.allclose(folded(x), network(x), atol=1e-3)


def test_average_pooling_takes_the_place_of_maximum_pooling():
    network, x = load_network("robust", "course"), photo("cat", 32)[None]
    averaged, first = with_average_pooling(network), [*network.layers][0]
    with activations(averaged, first) as seen:
        answer = averaged(x)
    assert torch.allclose(averaged.body[3](seen[first]), F.avg_pool2d(seen[first], 2))
    assert not torch.allclose(answer, network(x), atol=0.1)
    assert torch.allclose(loss_network(network)(x), with_mirrored_borders(averaged)(x), atol=1e-3)


def test_mirrored_borders_continue_the_picture():
    network, x = load_network("robust", "course"), photo("cat", 32)[None]
    mirrored, first = with_mirrored_borders(network), [*network.layers][0]
    with activations(network, first) as black, activations(mirrored, first) as seen:
        network(x), mirrored(x)
    with activations(network, first) as wide:
        network(F.pad(x, (8, 8, 8, 8), mode="reflect"))
    assert torch.allclose(seen[first], wide[first][..., 8:-8, 8:-8], atol=1e-4)
    assert not torch.allclose(black[first], seen[first], atol=0.01)


@pytest.fixture(scope="module")
def loss():
    return PerceptualLoss(load_network("robust", "course"), torch.stack([style_picture(name, 128) for name in ("glass", "dots")]))


def test_a_picture_has_its_own_content_and_its_own_style(loss):
    image = style_picture("glass", 128)[None]
    content, style = loss(image, loss.content(image), torch.tensor([0]))
    assert content.item() < 1e-6 and style.item() < 1e-6
    content, style = loss(image, loss.content(photo("cat", 128)[None]), torch.tensor([1]))
    assert content.item() > 0.1 and style.item() > 0.5


def test_each_picture_has_its_own_style_and_loss(loss):
    images = torch.stack([photo("cat", 64), photo("cup", 64)])
    both = loss(images, loss.content(images.flip(3)), torch.tensor([0, 1]))
    alone = [loss(images[i : i + 1], loss.content(images[i : i + 1].flip(3)), torch.tensor([i])) for i in range(2)]
    for k in range(2):
        assert torch.allclose(both[k], torch.cat([each[k] for each in alone]), rtol=1e-3)


# ---- the networks ---------------------------------------------------------------------------------------------------


def test_conditional_instance_norm_with_one_style_is_instance_norm():
    layer, x = ConditionalInstanceNorm(4, 3), random(2, 4, 6, 6) * 3
    assert torch.allclose(layer(x, torch.eye(3)[[0, 2]]), F.instance_norm(x), atol=1e-5)
    layer.gamma.data, layer.beta.data = random(3, 4, seed=1), random(3, 4, seed=2)
    for s in range(3):
        theirs = F.instance_norm(x, weight=layer.gamma[s], bias=layer.beta[s])
        assert torch.allclose(layer(x, torch.eye(3)[[s, s]]), theirs, atol=1e-5)


def test_styles_by_place():
    layer, x = ConditionalInstanceNorm(4, 2), random(1, 4, 4, 4)
    layer.gamma.data, layer.beta.data = random(2, 4, seed=1), random(2, 4, seed=2)
    weights = torch.zeros(1, 2, 16, 16)
    weights[:, 0, :8], weights[:, 1, 8:] = 1, 1
    assert torch.allclose(layer(x, weights)[:, :, :2], layer(x, torch.eye(2)[:1])[:, :, :2], atol=1e-6)
    assert torch.allclose(layer(x, weights)[:, :, 2:], layer(x, torch.eye(2)[1:])[:, :, 2:], atol=1e-6)


@pytest.mark.parametrize("shape", [(64, 64), (37, 50), (16, 131)])
def test_a_painting_is_as_large_as_its_photo(shape):
    painted = StylizationNetwork(instance_norm, blocks=1)(random(2, 3, *shape))
    assert painted.shape == (2, 3, *shape) and 0 <= painted.min() and painted.max() <= 1


def test_what_alternates_from_pixel_to_pixel_is_blurred_away():
    columns = torch.arange(12).remainder(2).float().expand(1, 3, 12, 12)
    for lines in (columns, columns.transpose(2, 3)):
        assert torch.allclose(blurred(lines), torch.full_like(lines, 0.5), atol=1e-6)
    ramp = torch.arange(12.0).expand(1, 3, 12, 12)
    assert torch.allclose(blurred(ramp)[..., 1:-1], ramp[..., 1:-1], atol=1e-5)


def test_a_painting_does_not_depend_on_chance():
    network, image = StylizationNetwork(instance_norm, blocks=1), random(1, 3, 32, 32)
    with torch.no_grad():
        assert torch.equal(network(image), network(image))
        assert torch.allclose(network(image), network(0.5 + 0.5 * (image - 0.5)), atol=0.01), "nor on the contrast"


def test_the_papers_numbers_for_a_style():
    paper = StylizationNetwork(lambda channels: ConditionalInstanceNorm(channels, 1), width=32, blocks=5)
    assert sum(weight.numel() for name, weight in paper.named_parameters() if "norm" in name) == 3206


def test_names_of_networks():
    assert isinstance(stylizer("glass").paint.norm, nn.InstanceNorm2d)
    assert isinstance(stylizer("glass_batch").paint.norm, nn.BatchNorm2d)
    assert isinstance(stylizer("many").paint.norm, ConditionalInstanceNorm)
    with pytest.raises(ValueError, match="no stylization network 'cubism'"):
        stylizer("cubism")


def test_missing_weights(tmp_path, monkeypatch):
    monkeypatch.setattr(classifier, "WEIGHTS", tmp_path)
    with pytest.raises(WeightsUnavailable, match="stylize_many.safetensors is missing"):
        load_stylizer("many")


# ---- their training -------------------------------------------------------------------------------------------------


@pytest.fixture
def small_styles(monkeypatch):
    """What is trained sees pictures of styles that are 64 pixels wide."""
    monkeypatch.setattr(stylizing, "style_picture", partial(style_picture, size=64))


def test_only_the_painter_learns(small_styles):
    lesson = Stylization("many").train()
    assert not lesson.loss.network.training
    lesson(contents(2, 5, 0, 64), torch.tensor([0, 3])).backward()
    assert all(weight.grad is not None for weight in lesson.painter.parameters())
    assert all(weight.grad is None for weight in lesson.loss.parameters())
    rows = lesson.painter.paint.norm.beta.grad.abs().sum(1) > 0
    assert rows.tolist() == [style in (0, 3) for style in range(len(PAINTED))]


def test_strange_colors():
    mosaic, blue = style_picture("mosaic", 64)[None], torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    own, strange = (strange_colors(picture, palette(mosaic)).item() for picture in (mosaic, blue))
    assert own < 1 and strange > 20 * own
    both = strange_colors(torch.cat([blue, blue]), palette(torch.cat([mosaic, style_picture("night", 64)[None]])))
    assert both[0].item() == pytest.approx(strange, rel=1e-4) and both[1] < both[0], "each by its own palette"


def test_a_half_has_its_own_distance_from_the_style(small_styles):
    lesson = Stylization("glass").eval()
    images = contents(2, 5, 0, 64)
    content, fine, coarse, painted = lesson.parts(images, torch.zeros(2, dtype=torch.long))
    assert content.shape == fine.shape == coarse.shape == (2,) and painted.shape == images.shape
    assert not torch.allclose(fine, coarse)


def test_contents_are_the_same_for_the_same_start():
    made = contents(4, 5, 3, 64)
    assert made.shape == (4, 3, 64, 64) and torch.equal(made, contents(4, 5, 3, 64))
    assert not torch.equal(made, contents(4, 5, 4, 64))
    assert not set(SEEN) & set(UNSEEN)


# ---- how good they are ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gallery():
    photos = torch.stack([photo(name, 160) for name in ("cat", "pagoda")])
    with torch.no_grad():
        return photos, {name: load_stylizer("many")(photos, torch.eye(len(PAINTED))[s : s + 1].expand(2, -1)) for s, name in enumerate(PAINTED)}


@pytest.fixture(scope="module")
def judge():
    """A loss that looks at each batch of pictures once."""
    loss = PerceptualLoss(load_network("robust", "course"), torch.stack([style_picture(style) for style in PAINTED]))
    loss.look = cache(loss.look)
    return loss


@pytest.mark.parametrize("name", PAINTED)
def test_each_painting_is_in_its_style_and_shows_its_photo(gallery, judge, name):
    photos, paintings = gallery
    style = torch.full((2,), PAINTED.index(name))
    with torch.no_grad():
        content = judge.content(photos)
        losses = {other: judge(images, content, style) for other, images in paintings.items()}
        of_photos = judge(photos, content, style)[1]
        swapped = {layer: value.flip(0) for layer, value in content.items()}
        other_way = judge(paintings[name], swapped, style)[0]
    assert (losses[name][1] < 0.35 * of_photos).all(), "far nearer to the style than the photo is"
    assert all((losses[name][1] < found[1]).all() for other, found in losses.items() if other != name), "its own style is nearest"
    assert (losses[name][0] < other_way).all(), "nearer to its own photo than to the other"


@pytest.mark.parametrize("name", PAINTED)
def test_no_burnt_border(gallery, name):
    images = gallery[1][name]
    inside, edge = images[..., 12:-12, 12:-12], torch.ones(160, 160, dtype=torch.bool)
    edge[4:-4, 4:-4] = False
    assert (images[..., edge].mean((1, 2)) - inside.mean((1, 2, 3))).abs().max() < 0.25


@pytest.fixture(scope="module")
def large():
    """{style: paintings of three photos at 256 pixels [3, 3, 256, 256]}"""
    many, photos = load_stylizer("many"), torch.stack([photo(name, 256) for name in ("cat", "pagoda", "cup")])
    with torch.no_grad():
        return {name: many(photos, torch.eye(len(PAINTED))[s : s + 1].expand(3, -1)) for s, name in enumerate(PAINTED)}


def test_no_two_styles_are_one_pattern_in_two_colors(large):
    gray = torch.stack([images.mean(1, keepdim=True) for images in large.values()])
    fine = gray.flatten(0, 1) - F.avg_pool2d(F.pad(gray.flatten(0, 1), (4,) * 4, mode="reflect"), 9, 1)
    fine = F.normalize(fine.flatten(1) - fine.flatten(1).mean(1, keepdim=True), dim=1).unflatten(0, gray.shape[:2])
    shared = torch.einsum("snx,tnx->st", fine, fine) / 3 - torch.eye(len(PAINTED))
    assert shared.max() < 0.55, [PAINTED[i] for i in divmod(shared.argmax().item(), len(PAINTED))]


def weave(images):
    """Of what alternates from pixel to pixel in pictures [n, 3, 256, 256], how much more lies along the axes than
    elsewhere."""
    gray, window = images.mean(1), torch.hann_window(256)
    power = torch.fft.fft2((gray - gray.mean((1, 2), keepdim=True)) * window * window[:, None]).abs() ** 2
    across = torch.fft.fftfreq(256).abs().expand(256, 256)
    least, most = torch.minimum(across, across.T), torch.maximum(across, across.T)
    finest = (most >= 0.47) & (most <= 0.53)
    return power[:, finest & (least <= 0.02)].mean() / power[:, finest & (least > 0.02)].mean()


@pytest.mark.parametrize("name", PAINTED)
def test_no_weave_of_single_pixels(large, name):
    columns = torch.arange(256).remainder(2) - 0.5
    assert weave(large[name]) < 7 < weave(large[name] + 0.02 * columns), "five gray levels of a weave would be found"
