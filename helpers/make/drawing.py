"""Measure the networks to draw with, plain beside robust, and lay out what they draw in `build/`.

    python -m helpers.make.drawing [NAME …]      # "plain" and "robust" unless named; a quarter of an hour each

Class images, inversions and textures are bare, without any regularizer: they tell what a network is good for.
data/README.md states what this printed.
"""

import sys

import torch
import torch.nn.functional as F
from skimage.color import rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio

from helpers import activations, load_network, load_networks, photo, to_pil
from helpers.ascent import optimize_image
from helpers.collage import SUBJECTS, scenes
from helpers.make.training import TEST_SEED, accuracy, perturb
from helpers.photos import DATA, PHOTOS
from helpers.show import tile

BUILD = DATA.parent / "build"
ATTACKS = [("L2", radius) for radius in (0.5, 1, 1.5, 3)] + [("Linf", levels / 255) for levels in (1, 2, 4, 8)]
JUDGES = ("resnet18", "densenet121", "resnet101")
TEXTURES = {  # name -> photo, and the left, top and side of a square of it
    "tissue": ("tissue", 0, 0, 384), "galaxies": ("galaxies", 0, 0, 384), "brick": ("brick", 0, 0, 384),
    "gravel": ("gravel", 0, 0, 256), "petals": ("flower", 205, 110, 190), "grass": ("grass", 0, 0, 256),
}


def accuracy_under_attack(network, norm, epsilon, n=200):
    """The share of `n` unseen natural scenes that is named right after 20 steps of projected gradient ascent."""
    right, chance = 0, torch.Generator().manual_seed(0)
    for start in range(0, n, 20):
        test = scenes(20, TEST_SEED, start=start, natural=True)
        attacked = perturb(network, test.images, test.labels, epsilon, chance, 20, norm)
        right += (network(attacked).argmax(1) == test.labels).sum().item()
    return right / n


def photos_named(network, size=128):
    """How many of the original photos the network names."""
    shown = {name: subject for name, (_, _, subject) in PHOTOS.items() if subject}
    found = network(torch.stack([photo(name, size) for name in shown])).argmax(1)
    return sum(SUBJECTS[label] == subject for label, subject in zip(found, shown.values())), len(shown)


def class_images(network, seed=0, steps=120, lr=0.01, reach=8):
    """Ten pictures [10, 3, 128, 128] that raise a class's logit each: bare gradient ascent from gray, with jitter."""
    chance = torch.Generator().manual_seed(seed)

    def objective(images):
        shift = torch.randint(-reach, reach + 1, (2,), generator=chance).tolist()
        return network(images.roll(shift, (2, 3))).diag().sum()

    start = 0.5 + 0.01 * torch.randn(10, 3, 128, 128, generator=chance)
    return optimize_image(start, objective, steps, lr).image


def invert(network, layer, image, steps=200, lr=0.02):
    """A picture [3, H, W] with the activations of `image` at `layer`, from gray."""
    with activations(network, [layer]) as seen:
        network(image[None])
        target = seen[layer]

        def objective(guess):
            network(guess[None])
            return -F.mse_loss(seen[layer], target) / target.var()

        return optimize_image(torch.full_like(image, 0.5), objective, steps, lr, "adam").image


def color_psnr(image, original):
    """Peak signal-to-noise ratio of the two chroma channels in decibels."""
    chroma = [rgb2ycbcr(picture.permute(1, 2, 0).numpy())[..., 1:] / 255 for picture in (image, original)]
    return peak_signal_noise_ratio(*chroma, data_range=1)


def sample(name, size=192):
    """One of `TEXTURES`: [3, size, size]."""
    of, left, top, side = TEXTURES[name]
    window = photo(of)[None, :, top : top + side, left : left + side]
    return F.interpolate(window, size=(size, size), mode="bilinear", antialias=True)[0]


def texture(network, sample, layers=("conv1", "conv2", "conv3", "conv4"), steps=250, lr=0.05):
    """A picture [3, H, W] with the Gram matrices of `sample`, from faint noise around its mean color."""
    def grams(image):
        network(image[None])
        return {name: (maps := seen[name][0].flatten(1)) @ maps.T / maps.shape[1] for name in layers}

    with activations(network, layers) as seen:
        wanted = grams(sample)

        def objective(image):
            found = grams(image)
            return -sum((found[name] - wanted[name]).square().sum() / wanted[name].square().sum() for name in layers)

        noise = torch.randn(sample.shape, generator=torch.Generator().manual_seed(0))
        start = sample.mean((1, 2), keepdim=True) + 0.3 * sample.std((1, 2), keepdim=True) * noise
        return optimize_image(start.clamp(0, 1), objective, steps, lr, "adam").image


def measure(name):
    network = load_network(name, "course")
    print(f"{name}: accuracy {accuracy(network, natural=True):.3f}; photos named: {photos_named(network)}", flush=True)
    for norm, epsilon in ATTACKS:
        print(f"{name}: {norm} {epsilon:.4f}: {accuracy_under_attack(network, norm, epsilon):.3f}", flush=True)


def draw(name):
    network, judges = load_network(name, "course"), load_networks(JUDGES, "course")
    images = torch.cat([class_images(network, seed) for seed in range(3)])
    lay_out(f"{name}_classes", images, 10)
    for judge, other in judges.items():
        named = (other(images).argmax(1) == torch.arange(10).repeat(3)).float().mean()
        print(f"{name}: {judge} names {named:.2f}", flush=True)

    originals = [photo(subject, 128) for subject in ("cat", "cup", "flower")]
    inverted = [[invert(network, layer, original) for layer in network.layers] for original in originals]
    rows = [image for original, row in zip(originals, inverted) for image in (original, *row)]
    lay_out(f"{name}_inversions", rows, 6)
    for i, layer in enumerate(network.layers):
        rgb = [peak_signal_noise_ratio(original.numpy(), row[i].numpy(), data_range=1)
               for original, row in zip(originals, inverted)]
        color = [color_psnr(row[i], original) for original, row in zip(originals, inverted)]
        print(f"{name}: {layer}: PSNR {sum(rgb) / 3:.1f}, color {sum(color) / 3:.1f}", flush=True)

    samples = [sample(of) for of in TEXTURES]
    lay_out(f"{name}_textures", samples + [texture(network, one) for one in samples], len(samples))


def lay_out(name, images, columns):
    to_pil(tile(torch.stack(list(images)), columns)).save(BUILD / f"{name}.png")


if __name__ == "__main__":
    BUILD.mkdir(exist_ok=True)
    for name in sys.argv[1:] or ("plain", "robust"):
        draw(name)
        measure(name)
