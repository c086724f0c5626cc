"""Optimize the picture of notebook 11 for 500 steps, with the notebook's own functions: `data/gatys.json` and `data/gatys.png`.

    python -m helpers.make.gatys
"""

import json

from helpers import device, load_network, photo, to_pil
from helpers.make.notebooks import definitions
from helpers.paintings import style_picture
from helpers.photos import DATA
from helpers.style import STYLE_WEIGHTS, loss_network


def optimized(steps):
    """The cat in glass at 256 pixels: (the picture [3, 256, 256], the loss before each step)."""
    notebook = definitions("11_neural_style_transfer")
    notebook["LAYERS"] = [*STYLE_WEIGHTS]
    teacher = loss_network(load_network("robust", "course")).to(device())
    cat, glass = (picture.to(device())[None] for picture in (photo("cat", 256), style_picture("glass", 256)))
    found = notebook["transfer_all"](teacher, cat, notebook["style_of"](teacher, glass), 0.7, steps=steps)
    return found.image[0], [round(-value, 4) for value in found.values]


def main():
    image, losses = optimized(500)
    to_pil(image).save(DATA / "gatys.png", optimize=True)
    (DATA / "gatys.json").write_text(json.dumps(losses) + "\n")


if __name__ == "__main__":
    main()
