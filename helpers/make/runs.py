"""Long runs of the notebooks' own techniques: what takes more than some ten seconds is computed once, by this command,
and stored in `data/runs/` with its numbers.

    python -m helpers.make.runs [NAME …]

An optimization goes on until it has *settled*: over the last tenth of its steps the loss has fallen by less than 2 % of
what is left of it.
"""

import json
import sys
import time
from functools import partial
from typing import Callable, NamedTuple

import torch
from tqdm import tqdm

from helpers import device, load_image, load_network, photo, to_pil
from helpers.collage import SUBJECTS, scenes
from helpers.make.notebooks import definitions
from helpers.neighbors import collect
from helpers.paintings import style_picture
from helpers.runs import RUNS, picture_file
from helpers.style import STYLE_WEIGHTS, loss_network

SETTLED = 0.02
MOST_STEPS = 8000


class Optimization(NamedTuple):
    """Pictures that a notebook's own function optimizes.

    climb: (key, steps, start) -> `Ascent` from a picture [1, 3, H, W], or from where the notebook begins if it is None;
    keys: one a picture; steps: how many are made before each look whether it has settled; settings: what is stored
        beside the numbers.
    """

    climb: Callable
    keys: list
    steps: int
    settings: dict

    def curve(self, key, steps):
        """The loss before each of the first `steps` steps."""
        return [-value for value in self.climb(key, steps, None).values]

    def loss(self, key, picture):
        """The loss of a picture [3, H, W]."""
        return -self.climb(key, 1, picture[None].to(device())).values[0]

    def settled(self, key):
        """(picture [3, H, W], losses) of a run that has settled. Raises RuntimeError if it doesn't."""
        picture, losses = None, []
        while len(losses) < MOST_STEPS:
            found = self.climb(key, self.steps, picture)
            picture, losses = found.image, losses + [rounded(-value) for value in found.values]
            if has_settled(losses):
                return picture[0], losses
        raise RuntimeError(f"{key}: the loss still falls after {len(losses)} steps")


def has_settled(losses):
    """Whether the loss fell by less than `SETTLED` of itself over the last tenth of the steps."""
    return losses[-1 - len(losses) // 10] - losses[-1] < SETTLED * losses[-1]


def gatys():
    """Notebook 11's cat in glass at 256 pixels."""
    notebook = definitions("11_neural_style_transfer")
    notebook["LAYERS"] = [*STYLE_WEIGHTS]
    teacher = loss_network(load_network("robust", "course")).to(device())
    cat, glass = (picture.to(device())[None] for picture in (photo("cat", 256), style_picture("glass", 256)))
    wanted, settings = notebook["style_of"](teacher, glass), {"content_weight": 0.7, "lr": 0.05, "optimizer": "adam"}

    def climb(key, steps, start):
        return notebook["transfer_all"](teacher, cat, wanted, start=start, steps=steps, **settings)

    return Optimization(climb, ["cat in glass"], 500, settings)


def inversions():
    """Notebook 09's inversions of three photos from each layer of two networks."""
    notebook, settings = definitions("09_inversion_and_deepdream"), {"size": 112, "weight": 1e-3, "beta": 2.0}
    networks = {name: load_network(name, "course").to(device()) for name in ("plain", "robust")}
    keys = [f"{name} conv{i} {subject}" for name in networks for i in range(1, 6)
            for subject in ("cat", "astronaut", "flower")]

    def climb(key, steps, start):
        name, layer, subject = key.split()
        image = photo(subject, settings["size"]).to(device())
        return notebook["inversion"](networks[name], layer, image, settings["weight"], settings["beta"], steps, start)

    return Optimization(climb, keys, 300, settings)


def priors():
    """Notebook 09's inversion of the cat from the robust network's third layer, by exponent and weight of its prior."""
    notebook, settings = definitions("09_inversion_and_deepdream"), {"size": 112}
    robust, cat = load_network("robust", "course").to(device()), photo("cat", settings["size"]).to(device())
    keys = ["2 0", "2 0.001", "2 0.01", "1 1e-05", "1 0.0001", "1 0.0003"]

    def climb(key, steps, start):
        beta, weight = map(float, key.split())
        return notebook["inversion"](robust, "conv3", cat, weight, beta, steps, start)

    return Optimization(climb, keys, 300, settings)


OPTIMIZATIONS = {"gatys": gatys, "inversions": inversions, "priors": priors}


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


TABLES = {"ranking": ranking, "hidden": hidden}


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
            to_pil(picture).save(picture_file(name, key), quality=90, use_sharp_yuv=True)
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
