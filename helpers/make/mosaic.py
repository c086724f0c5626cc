"""Rebuild `data/mosaic.webp`, the README's picture, from figures that are stored in the notebooks.

    python -m helpers.make.mosaic
"""

import base64
import io
import re

import numpy as np
from PIL import Image

from helpers.make.notebooks import load
from helpers.photos import DATA

# (notebook, what its cell says, which pictures of its figure, counted by rows; or a box, in shares of its sides)
PICTURES = [
    ("01_weights", "The first layer of four networks", [(0.0, 0.04, 0.245, 0.455)]),
    ("04_activations", "liveliest(\"conv3\"", [39]),
    ("06_class_activation_maps", "The five most probable of a thousand classes", [13, 19]),
    ("07_gradient_ascent", "Class images of the real network from two seeds", [0, 3, 7]),
    ("08_adversarial_examples", "The sticker that was trained on all places", [0, 3]),
    ("09_inversion_and_deepdream", "Three photos, and what the real network dreams", [3, 5]),
    ("10_texture_synthesis", "more of each from noise", [9]),
    ("11_neural_style_transfer", "The cat in four styles", [1, 2, 3]),
    ("12_one_network_many_styles", "One network: two photos", [4, 5]),
    ("12_one_network_many_styles", "The other four styles", [5]),
]
SIDE, COLUMNS = 200, 6


def figure(notebook, says):
    """The stored figure of a notebook whose cell's source holds `says`."""
    code = [cell for cell in load(notebook)["cells"] if cell["cell_type"] == "code"]
    (cell,) = [cell for cell in code if says in "".join(cell["source"])]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in cell["outputs"]]
    (page,) = [page for page in pages if "<img" in page]
    return Image.open(io.BytesIO(base64.b64decode(re.search("base64,([^\"]+)", page)[1]))).convert("RGB")


def pictures_of(image, least=60):
    """The boxes of a figure's pictures, by rows: what white lines part and is `least` pixels wide and high."""
    ink = np.asarray(image).min(axis=2) < 245
    return [(left, top, right, bottom) for top, bottom in _runs(ink.mean(axis=1) > 0.02, least)
            for left, right in _runs(ink[top:bottom].mean(axis=0) > 0.02, least)]


def _runs(on, least):
    """Where a row of true and false is true, `least` or more times in a row: [(start, end)]."""
    edges = np.flatnonzero(np.diff(np.r_[False, on, False].astype(int))).reshape(-1, 2)
    return [(start, end) for start, end in edges.tolist() if end - start >= least]


def mosaic():
    """All of `PICTURES`, as squares, row by row."""
    squares = []
    for notebook, says, wanted in PICTURES:
        image = figure(notebook, says)
        for which in wanted:
            share = isinstance(which, tuple)
            box = [part * side for part, side in zip(which, image.size * 2)] if share else pictures_of(image)[which]
            left, top, right, bottom = box
            top = max(top, bottom - (right - left))  # a title may stand above
            squares.append(image.crop((left, top, right, bottom)).resize((SIDE, SIDE), Image.Resampling.LANCZOS))
    picture = Image.new("RGB", (COLUMNS * SIDE, -(-len(squares) // COLUMNS) * SIDE), "white")
    for i, square in enumerate(squares):
        picture.paste(square, (i % COLUMNS * SIDE, i // COLUMNS * SIDE))
    return picture


if __name__ == "__main__":
    mosaic().save(DATA / "mosaic.webp", quality=80, use_sharp_yuv=True)
