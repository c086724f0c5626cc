"""The techniques of notebooks 07 to 12, beside scipy's and scikit-image's, and beside the helpers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.interpolate import RBFInterpolator
from skimage.metrics import peak_signal_noise_ratio
from sklearn.decomposition import PCA

from helpers import load_network, photo
from helpers.collage import scenes
from helpers.heads import load_head
from helpers.make.notebooks import definitions
from helpers.paintings import style_picture
from helpers.style import (CONTENT_LAYER, PAINTED, STYLE_WEIGHTS, PerceptualLoss, gram_matrix, load_stylizer, loss_network,
                           total_variation)

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
    theirs = PerceptualLoss(network, style_picture("dots", 96)[None], content_layers=(CONTENT_LAYER,))
    wanted = styling["style_of"](network, style_picture("dots", 96)[None])
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
        ours = definitions("09_inversion_and_deepdream")["variation_map"](image, beta)
        assert torch.allclose(ours.sum(), total_variation(image, beta))
    weaving = definitions("10_texture_synthesis")
    assert torch.allclose(weaving["gram_by_reshape"](features[1]), gram_matrix(features)[1])


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
    teacher = PerceptualLoss(loss_network(load_network("robust", "course")), style_picture("dots", 64)[None])
    many |= {"lessons": lessons, "teacher": teacher, "content_of_lessons": teacher.content(lessons)}
    network, weights = load_stylizer("many"), {key: value.clone() for key, value in load_stylizer("many").state_dict().items()}
    wider, curve = many["add_style"](network, style_picture("roof", 96), steps=12)
    assert sum(curve[-3:]) < sum(curve[:3])
    for name, weight in wider.state_dict().items():
        rows = weight[:-1] if name.endswith(("gamma", "beta")) else weight
        assert torch.equal(rows, weights[name]) and torch.equal(network.state_dict()[name], weights[name])
