"""Score the explanations of notebook 05 over 50 scenes, with the notebook's own functions: `data/ranking.json`.

    python -m helpers.make.ranking
"""

import json

from tqdm import tqdm

from helpers import device, load_network
from helpers.collage import scenes
from helpers.make.notebooks import definitions
from helpers.photos import DATA

SCENES, SEED = 50, 6


def ranking(numbers):
    """The four scores of every map for scenes of these numbers: {name: [[pointing, energy, deletion, insertion], …]}."""
    notebook, table = definitions("05_saliency"), {}
    notebook["network"] = load_network("vgg", "course").to(device())
    notebook["METHODS"] = notebook["methods"]()
    for number in tqdm(numbers, ascii=True):
        scene = scenes(1, SEED, start=number).to(device())
        label = scene.labels[0].item()
        for name, heat in notebook["heat_maps"](scene.images, label, seed=number).items():
            scores = notebook["four_scores"](scene.images, label, scene.masks[0], heat)
            table.setdefault(name, []).append([round(score, 4) for score in scores])
    return table


def main():
    rows = [f"{json.dumps(name)}: {json.dumps(scores)}" for name, scores in ranking(range(SCENES)).items()]
    (DATA / "ranking.json").write_text("{\n" + ",\n".join(rows) + "\n}\n")


if __name__ == "__main__":
    main()
