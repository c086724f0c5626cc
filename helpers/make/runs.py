"""Long runs of the notebooks' own techniques: what takes more than some ten seconds is computed once, by this command,
and stored in `data/runs/` with its numbers.

    python -m helpers.make.runs [NAME …]

An optimization goes on until it has *settled*: over the last tenth of its steps the loss has fallen by less than 2 %
(textures: 5 %) of what is left of it, or it has come down to a ten-thousandth of the first. One with chance in its
steps has a fixed number of them, after which it must have slowed down: its mean loss has fallen by less over the second
half of the steps than over the first.
"""

import json
import sys
import time
from functools import partial
from typing import Callable, NamedTuple

import torch
import torch.nn.functional as F
from tqdm import tqdm

from helpers import device, load_image, load_network, load_real, photo, to_pil
from helpers.collage import SUBJECTS, scenes
from helpers.efficientnet import EFFICIENTNETS
from helpers.heads import load_head
from helpers.hooks import features
from helpers.make.notebooks import definitions
from helpers.neighbors import collect
from helpers.paintings import style_picture
from helpers.photos import crops
from helpers.runs import RUNS, picture_file
from helpers.style import STYLE_WEIGHTS, loss_network, palette, with_mirrored_borders, without_batch_norm

SETTLED = 0.02
NOTHING = 1e-4  # of the first loss
MOST_STEPS = 8000
# the photos that 08's sticker is taught on; it is tried on the others
TAUGHT = ["astronaut", "helmet", "cup", "motorcycle", "flower", "retina", "brick", "gravel", "tissue", "page"]


class Optimization(NamedTuple):
    """Pictures that a notebook's own function optimizes.

    climb: (key, steps, start) -> `Ascent` from a picture [1, 3, H, W], or from where the notebook begins if it is None;
    keys: one a picture; steps: how many are made before each look whether it has settled; settings: what is stored
        beside the numbers; fall: the share that a settled loss may fall over the last tenth of the steps.
    """

    climb: Callable
    keys: list
    steps: int
    settings: dict
    fall: float = SETTLED

    def curve(self, key, steps):
        """The loss before each of the first `steps` steps."""
        return [-value for value in self.climb(key, steps, None).values]

    def loss(self, key, picture):
        """The loss of a picture [3, H, W]."""
        return -self.climb(key, 1, picture[None].to(device())).values[0]

    lossless = False

    def settled(self, key):
        """(picture [3, H, W], losses) of a run that has settled. Raises RuntimeError if it doesn't."""
        picture, losses = None, []
        while len(losses) < MOST_STEPS:
            found = self.climb(key, self.steps, picture)
            picture, losses = found.image, losses + [rounded(-value) for value in found.values]
            if self.has_settled(losses):
                return picture[0], losses
        raise RuntimeError(f"{key}: the loss still falls after {len(losses)} steps")

    def has_settled(self, losses):
        """Whether the loss fell by less than the share `fall` of itself over the last tenth of the steps, or is next to
        nothing."""
        return (losses[-1 - len(losses) // 10] - losses[-1] < self.fall * losses[-1]
                or losses[-1] < NOTHING * losses[0])


class Sampled(NamedTuple):
    """Pictures that a notebook's own function optimizes, with chance in every step.

    climb: (key, steps) -> `Ascent` whose image is [3, H, W]; loss: (key, picture [3, H, W]) -> its loss, without
        chance; steps: {key: how many}; settings: what is stored beside the numbers; lossless: whether each value
        counts, as in an attack; before: steps on smaller pictures, before those whose slowing down counts.
    """

    climb: Callable
    loss: Callable
    steps: dict
    settings: dict
    lossless: bool = False
    before: int = 0

    @property
    def keys(self):
        return list(self.steps)

    def curve(self, key, steps):
        """The loss before each of the first `steps` steps."""
        return [-value for value in self.climb(key, steps).values]

    def settled(self, key):
        """(picture [3, H, W], losses); prints a line if the run has not slowed down."""
        found = self.climb(key, self.steps[key])
        losses = [rounded(-value) for value in found.values]
        if not self.has_settled(losses):
            print(f"{key}: the loss still falls after {len(losses)} steps")
        return found.image, losses

    def has_settled(self, losses):
        """Whether the run has slowed down."""
        return has_slowed_down(losses[self.before :])


def has_slowed_down(losses):
    """Whether the mean loss fell by less from the middle fifth of the steps to the last than from the first to the
    middle."""
    parts = [losses[k * len(losses) // 5 : (k + 1) * len(losses) // 5] for k in range(5)]
    first, _, middle, _, last = (sum(part) / len(part) for part in parts)
    return middle - last < first - middle


def gatys():
    """Notebook 11's cat at 320 pixels: in four styles; in glass with other weights of the content, with fewer layers,
    from another start and by another optimizer; and between two styles."""
    notebook, settings = definitions("11_neural_style_transfer"), {"size": 320}
    notebook["LAYERS"] = [*STYLE_WEIGHTS]
    network = loss_network(load_network("robust", "course")).to(device())
    cat = photo("cat", settings["size"])[None].to(device())
    pictures = {name: style_picture(name)[None].to(device()) for name in ("night", "glass", "woodcut", "crayon")}
    grams = {name: notebook["style_of"](network, picture) for name, picture in pictures.items()}
    noise = F.interpolate(torch.rand(1, 3, 80, 80, generator=torch.Generator().manual_seed(0)), scale_factor=4)
    ways = {name: (grams[name], name, {}) for name in pictures}
    ways |= {f"glass content {weight:g}": (grams["glass"], "glass", {"content_weight": weight})
             for weight in (0.02, 5.0)}
    ways |= {f"glass up to {last}": ({layer: grams["glass"][layer] for layer in [*STYLE_WEIGHTS][:k]}, "glass", {})
             for k, last in enumerate([*STYLE_WEIGHTS][:3], start=1)}
    ways["glass from noise"] = grams["glass"], "glass", {"start": noise.to(device())}
    ways["glass by Adam"] = grams["glass"], "glass", {"optimizer": "adam"}
    ways["woodcut and crayon"] = {layer: (grams["woodcut"][layer] + grams["crayon"][layer]) / 2
                                  for layer in STYLE_WEIGHTS}, None, {}

    def climb(key, steps, start):
        wanted, name, options = ways[key]
        options = options if start is None else options | {"start": start}
        colors = None if name is None else palette(pictures[name])
        return notebook["transfer_all"](network, cat, wanted, colors, steps=steps, **options)

    return Optimization(climb, [*ways], 200, settings)


def inversions():
    """Notebook 09's inversions of three photos from each layer of four networks, the real one's from four layers."""
    notebook = definitions("09_inversion_and_deepdream")
    networks = {name: load_network(name, "course").to(device()) for name in ("plain", "robust")}
    networks["untrained"] = load_network("robust", "untrained").to(device())
    networks["efficientnet"] = load_network("efficientnet").to(device())
    # of the prior, for conv1, conv2 …; the best of run `priors` for "plain" and "robust"
    weights = {"plain": [1e-6, 1e-6, 1e-6, 1e-4, 1e-2], "robust": [1e-6, 1e-6, 1e-6, 1e-6, 1e-5],
               "untrained": [1e-6, 1e-6, 1e-6, 1e-4, 1e-2], "efficientnet": [1e-5] * 4}
    settings = {"size": 112, "efficientnet's size": 224, "beta": 2.0, "weights": weights}
    keys = [f"{name} conv{i} {subject}" for name in networks for i in range(1, len(weights[name]) + 1)
            for subject in ("cat", "astronaut", "flower")]

    def climb(key, steps, start):
        name, layer, subject = key.split()
        image = photo(subject, settings.get(f"{name}'s size", settings["size"])).to(device())
        weight = weights[name][int(layer[-1]) - 1]
        return notebook["inversion"](networks[name], layer, image, weight, settings["beta"], steps, start)

    return Optimization(climb, keys, 300, settings)


def priors():
    """Notebook 09's inversions of three photos from three layers of two networks, by exponent and weight of the
    prior."""
    notebook, settings = definitions("09_inversion_and_deepdream"), {"size": 112}
    networks = {name: load_network(name, "course").to(device()) for name in ("plain", "robust")}
    tried = {"conv3": ("2 0.001", "2 0.0001", "2 1e-05", "2 1e-06", "1 1e-05", "1 1e-06", "1 1e-07"),
             "conv4": ("2 0.001", "2 0.0001", "2 1e-05", "2 1e-06"),
             "conv5": ("2 0.1", "2 0.01", "2 0.001", "2 0.0001", "2 1e-05")}
    keys = [f"{name} {layer} {prior} {subject}" for name in networks for layer, priors in tried.items()
            for prior in priors for subject in ("cat", "astronaut", "flower")]
    # The plain network's flower from conv5 still falls after 3,000 steps with 0.0001; less would take longer.
    keys = [key for key in keys if not key.startswith(("plain conv4 2 1e", "plain conv5 2 0.0001", "plain conv5 2 1e"))]

    def climb(key, steps, start):
        name, layer, beta, weight, subject = key.split()
        image = photo(subject, settings["size"]).to(device())
        return notebook["inversion"](networks[name], layer, image, float(weight), float(beta), steps, start)

    return Optimization(climb, keys, 300, settings)


def textures():
    """Notebook 10's textures of 192 pixels from samples of 128: as the notebook makes them, without some of its
    details, with fewer layers, with other networks, and with Gram matrices of shifted features, too."""
    notebook, settings = definitions("10_texture_synthesis"), {"sample": 128, "size": 192, "fall": 0.05}
    robust = without_batch_norm(load_network("robust", "course").to(device()))
    looking = notebook["looking"]
    other = {"plain": load_network("plain", "course"), "untrained": load_network("robust", "untrained")}
    layers, weights = ["conv1", "conv2", "conv3", "conv4"], {"conv1": 30, "conv2": 10}
    white = {"soft": 1, "rough": 0}
    ways = {"": {}, "bare": {"network": robust, "weights": {}, **white}, "smooth eyes": {"weights": {}, **white},
            "weights": white, **{layer: {"layers": layers[:k]} for k, layer in enumerate(layers[:3], start=1)},
            "max pooling": {"network": with_mirrored_borders(robust)},
            **{name: {"network": looking(without_batch_norm(network).to(device()))} for name, network in other.items()},
            "shifted": {"describe": notebook["shifted_grams"]}, "again": {"seed": 1}}
    keys = ["brick", "gravel", "galaxies", "tissue", "petals", "tissue bare", "tissue smooth eyes", "tissue weights"]
    keys += [f"{name} {layer}" for name in ("gravel", "tissue") for layer in layers[:3]]
    keys += [f"{name} {way}" for name in ("gravel", "tissue", "petals") for way in ("max pooling", *other)]
    keys += ["petals again", "brick shifted", "gravel shifted"]

    def climb(key, steps, start):
        texture, _, way = key.partition(" ")
        sample = notebook["sample_of"](texture, settings["sample"])[None].to(device())
        asked = {"network": looking(robust), "layers": layers, "weights": weights, "soft": 4, "seed": 0, **ways[way]}
        noise = notebook["noise_around"](sample, settings["size"], asked.pop("soft"), asked.pop("seed"))
        return notebook["synthesize"](sample=sample, start=noise if start is None else start, steps=steps, **asked)

    return Optimization(climb, keys, 300, settings, settings["fall"])


def patches():
    """Notebook 08's stickers for the real network and shirts for resnet18."""
    notebook = definitions("08_adversarial_examples")
    real, wearer = load_network("efficientnet").to(device()), load_network("resnet18", "course").to(device())
    views, people = notebook["crops_of"](TAUGHT, 210), notebook["wearers"](200, 86)
    toaster, cup = (real, views, real.labels.index("toaster")), (wearer, people, SUBJECTS.index("cup"))
    kinds = {"toaster anywhere": (*toaster, notebook["sticker"](notebook["random_places"])),
             "toaster in one place": (*toaster, notebook["sticker"](notebook["one_place"])),
             "shirt creased": (*cup, notebook["worn"](0.25)), "shirt flat": (*cup, notebook["worn"](0.0))}
    steps = {key: 320 for key in kinds}

    def climb(key, steps):
        return notebook["train_patch"](*kinds[key], steps)

    def loss(key, patch):
        network, images, target, apply = kinds[key]
        with torch.no_grad():
            changed = apply(images[:8], patch.to(device()), torch.Generator().manual_seed(0))
            return -network(changed).log_softmax(1)[:, target].mean().item()

    return Sampled(climb, loss, steps, {"taught on": TAUGHT}, lossless=True)


def class_images():
    """Notebook 07's class images in waves, of the real network and of "plain"."""
    notebook, real = definitions("07_gradient_ascent"), load_real()
    plain = load_network("plain", "course").to(device())
    names = ("goldfish", "flamingo", "golden retriever", "monarch", "strawberry", "castle", "volcano", "peacock")
    drawn = {f"efficientnet {name} {seed}": (real, real.labels.index(name), 224, seed)
             for seed in (0, 1) for name in names}
    drawn |= {f"plain {name} 0": (plain, target, 128, 0) for target, name in enumerate(SUBJECTS)}

    def climb(key, steps):
        network, target, size, seed = drawn[key]
        return notebook["image_in_waves"](network, target, steps, size, seed=seed)

    def loss(key, picture):
        network, target, *_ = drawn[key]
        with torch.no_grad():
            return -network(picture[None].to(device()))[0, target].item()

    return Sampled(climb, loss, {key: 300 for key in drawn}, {}, before=120)


def channels():
    """Notebook 07's pictures of channels of the real network."""
    notebook, real, layers = definitions("07_gradient_ascent"), load_real(), ["conv2", "conv3", "conv4", "conv5"]
    places = notebook["best_places"](real, layers, crops(126, 224)[0])
    keys = [f"{layer} {channel}" for layer in layers for channel in notebook["standing_out"](places[layer][0])]

    def climb(key, steps):
        layer, channel = key.split()
        return notebook["channel_in_waves"](real, layer, int(channel), steps)

    def loss(key, picture):
        layer, channel = key.split()
        below = notebook["before_relu"](real, layer)
        return -features(real, below, picture[None].to(device()))[0, int(channel)].mean().item()

    return Sampled(climb, loss, {key: 500 for key in keys}, {})


OPTIMIZATIONS = {"channels": channels, "class_images": class_images, "gatys": gatys, "inversions": inversions,
                 "patches": patches, "priors": priors, "textures": textures}


def ranking(numbers=range(50), seed=6):
    """Notebook 05's four scores of every map for scenes of these numbers:
    {name: [[pointing, energy, deletion, insertion], …]}."""
    notebook, table = definitions("05_saliency"), {}
    notebook["network"] = load_network("vgg", "course").to(device())
    notebook["untrained"] = load_network("vgg", "untrained").to(device())
    notebook["METHODS"] = notebook["methods"]()
    for number in tqdm(numbers, ascii=True):
        scene = scenes(1, seed, start=number).to(device())
        label = scene.labels[0].item()
        for name, heat in notebook["heat_maps"](scene.images, label, seed=number).items():
            scores = notebook["four_scores"](scene.images, label, scene.masks[0], heat)
            table.setdefault(name, []).append([round(score, 4) for score in scores])
    return table


def hidden(lengths=(600, 1800, 5400), seeds=(0, 1)):
    """Notebook 03's verification of subjects that no map was fitted on, after as many steps of DeepMDS:
    {"pair, steps": a row of four rates for each seed}."""
    notebook, network = definitions("03_dimensionality_reduction"), load_network("vgg", "course").to(device())
    notebook["layers"], vectors = [], []
    for count, series in ((1000, 1), (250, 2)):
        found, _, labels = collect(partial(notebook["describe"], network=network), count, series, 128, SUBJECTS, 28)
        vectors += [found["features"], labels]
    scale = torch.pdist(vectors[0][:500]).mean()
    vectors[0], vectors[2] = vectors[0] / scale, vectors[2] / scale
    return {f"{' + '.join(two)}, {steps}": [
                [round(rate, 4) for rate in notebook["kept_of_hidden"](vectors, two, steps, seed)] for seed in seeds]
            for two in (("flower", "motorcycle"), ("cat", "cup"), ("coin", "rocket")) for steps in lengths}


def drawings(seeds=range(4), names=SUBJECTS, wanted=None):
    """What share of three judges names each picture that notebook 07's methods (or the wanted ones) draw; all classes
    of a seed follow each other: {method: [0 to 1, …]}."""
    notebook, rows = definitions("07_gradient_ascent"), {}
    notebook["GRAY"] = 0.5
    plain, robust, *judges = (load_network(name, "course").to(device())
                              for name in ("plain", "robust", "resnet18", "densenet121", "resnet101"))
    generator, targets = load_head("generator").to(device()), [SUBJECTS.index(name) for name in names]
    center, axes, _ = notebook["code_space"](generator)
    judges = dict(enumerate(judges))
    for seed in seeds:
        methods = notebook["methods"](plain, robust, generator, center, axes, targets, seed)
        for method in tqdm(wanted or methods, f"seed {seed}", ascii=True):
            images = F.interpolate(methods[method](), size=96, mode="area")
            right = notebook["named"](judges, images, names).mean(0)
            rows.setdefault(method, []).extend(rounded(share) for share in right.tolist())
    return rows


def _victims(names):
    """The functions of notebook 08, and course networks."""
    notebook = definitions("08_adversarial_examples")
    return notebook, {name: load_network(name, "course").to(device()) for name in names}


def distances(numbers=range(40)):
    """The length of the shortest change that notebook 08 finds for attacks of these numbers, a photo of ten and four
    targets each: {network: [L2, …]}."""
    notebook, networks = _victims(["plain", "robust"])
    names = [{"person": "astronaut", "coin": "coins"}.get(name, name) for name in SUBJECTS]
    asked = [(name, (i + shift) % 10) for i, name in enumerate(names) for shift in (2, 4, 6, 8)]
    return {victim: [rounded(notebook["shortest_change"](network, photo(name, 64)[None].to(device()), target))
                     for name, target in tqdm([asked[k] for k in numbers], victim, ascii=True)]
            for victim, network in networks.items()}


def _attacked_scenes(notebook, numbers, seed=8, size=96):
    made = [scenes(1, seed, size=size, natural=True, start=k) for k in numbers]
    images = notebook["rounded"](torch.cat([one.images for one in made]).to(device()))
    return images, torch.cat([one.labels for one in made]).to(device())


def transfer(numbers=range(100)):
    """Which networks are fooled by what notebook 08 makes with one of them of scenes of these numbers (-1: named wrong
    before): {network: [[-1 to 1 for each network], …]}."""
    notebook, networks = _victims(["resnet18", "densenet121", "alexnet", "plain", "robust"])
    images, labels = _attacked_scenes(notebook, numbers)
    return {maker: notebook["fooled_by_each"](networks, images, labels, maker).tolist()
            for maker in tqdm(networks, "transfer", ascii=True)}


def robustness(numbers=range(100), wanted=None):
    """How many of notebook 08's four attacks turn scenes of these numbers (-1: named wrong before), for all networks
    and radii or for the wanted ones: {"network norm radius": [0 to 4, …]}."""
    notebook, networks = _victims(["plain", "robust", "resnet18"])
    images, labels = _attacked_scenes(notebook, numbers)
    networks |= {"quantized": notebook["Quantized"](networks["resnet18"])}
    opened = {"quantized": notebook["StraightThrough"](networks["resnet18"])}
    radii = {"L2 1.5": ("L2", 1.5), "L2 3.0": ("L2", 3.0),
             "Linf 2/255": ("Linf", 2 / 255), "Linf 8/255": ("Linf", 8 / 255)}
    asked = [(name, radius) for name in ("plain", "robust") for radius in radii]
    asked += [(name, "Linf 8/255") for name in ("resnet18", "quantized")]
    return {f"{name} {radius}": notebook["attacks_that_turn"](
                networks[name], images, labels, *radii[radius], open_network=opened.get(name)).tolist()
            for name, radius in tqdm(asked, "robustness", ascii=True) if not wanted or f"{name} {radius}" in wanted}


def sealed(seeds=range(5), makers=("noise", "untrained", "substitute", "densenet121")):
    """How often notebook 08's substitutes give a sealed network's answer for sixty crops, and how often what is made
    with others fools it at 32 gray levels; for each seed: {row: [0 to 1, …]}."""
    notebook, networks = _victims(["resnet18", "densenet121"])
    hidden, rows, far = networks["resnet18"], {}, 32 / 255
    prey = scenes(60, 80, size=96, natural=True, photos=1.0).to(device())
    images, labels = notebook["rounded"](prey.images), prey.labels
    for seed in tqdm(seeds, "sealed", ascii=True):
        asked = notebook["rounded"](scenes(150, 81 + seed, size=96, natural=True, photos=1.0).images.to(device()))
        networks["untrained"] = notebook["small_network"](len(SUBJECTS), seed).eval()
        networks["substitute"] = notebook["substitute_for"](notebook["Sealed"](hidden), asked, len(SUBJECTS), seed)
        said, copied = (notebook["answers"](network, images).argmax(1) for network in (hidden, networks["substitute"]))
        rows.setdefault("the substitute agrees", []).append(rounded((said == copied).float().mean().item()))
        for maker in makers:
            changed = notebook["noise"](images, far) if maker == "noise" else notebook["in_tens"](
                lambda a, b: notebook["pgd"](networks[maker], a, b, far, far / 4, 6), images, labels)
            success = notebook["success"](hidden, images, changed, labels)
            rows.setdefault(f"fooled by {maker}", []).append(rounded(success))
    return rows


def real_attacks(numbers=range(126)):
    """Which of notebook 08's attacks on Lite0 fool Lite0 itself, and Lite1, in crops of these numbers to which both
    give the same answer: {"attack gray levels": [[0 or 1, 0 or 1], …]}."""
    notebook, (real, other) = definitions("08_adversarial_examples"), map(load_real, EFFICIENTNETS)
    views, rows = crops(126, 224)[0].to(device()), {}
    for k in tqdm(numbers, "real_attacks", ascii=True):
        view = notebook["rounded"](views[k : k + 1])
        (sure, label), (_, same) = (network(view).softmax(1).max(1) for network in (real, other))
        if sure < 0.3 or label != same:
            continue
        made = {f"noise {e}": notebook["noise"](view, e / 255) for e in (8, 16)}
        made |= {f"FGSM {e}": notebook["fgsm"](real, view, label, e / 255) for e in (1, 2, 4, 8, 16)}
        made |= {f"PGD {e}": notebook["pgd"](real, view, label, e / 255, e / 1020, 10) for e in (2, 8, 16)}
        for name, changed in made.items():
            told = [notebook["answers"](network, notebook["rounded"](changed)).argmax(1) for network in (real, other)]
            rows.setdefault(name, []).append([int(said != label) for said in told])
    return rows


TABLES = {"ranking": ranking, "hidden": hidden, "distances": distances, "robustness": robustness,
          "real_attacks": real_attacks, "drawings": drawings, "transfer": transfer, "sealed": sealed}


def store(name):
    """Compute a run and write its files."""
    began = time.process_time()
    if name in TABLES:
        facts = {"rows": TABLES[name]()}
    else:
        run = OPTIMIZATIONS[name]()
        facts = {"settings": run.settings, "losses": {}, "loss of the file": {}}
        for key in tqdm(run.keys, ascii=True):
            picture, facts["losses"][key] = run.settled(key)
            how = {"lossless": True} if run.lossless else {"quality": 90, "use_sharp_yuv": True}
            to_pil(picture).save(picture_file(name, key), **how)
            facts["loss of the file"][key] = rounded(run.loss(key, load_image(picture_file(name, key))))
    facts["cpu seconds"] = round(time.process_time() - began)
    (RUNS / f"{name}.json").write_text(as_text(facts), encoding="utf-8")


def rounded(value):
    return float(f"{value:.4g}")


def as_text(facts):
    """JSON with a line for each entry of the dictionaries in a dictionary."""
    parts = []
    for name, value in facts.items():
        if isinstance(value, dict):
            value = "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(entry)}" for key, entry in value.items()) + "}"
        parts.append(f"{json.dumps(name)}: {value}")
    return "{" + ",\n".join(parts) + "}\n"


def main():
    RUNS.mkdir(exist_ok=True)
    unknown = set(sys.argv[1:]) - {*TABLES, *OPTIMIZATIONS}
    if unknown:
        sys.exit(f"no such run: {', '.join(unknown)}; choose from {', '.join([*TABLES, *OPTIMIZATIONS])}")
    for name in sys.argv[1:] or [*TABLES, *OPTIMIZATIONS]:
        store(name)


if __name__ == "__main__":
    main()
