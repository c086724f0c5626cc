"""Rebuild `data/strip.webp`, the README's pictures, from the figures that are stored in the notebooks.

    python -m helpers.make.strip
"""

import base64
import io
import json
import re

from PIL import Image

from helpers.photos import DATA

# (notebook, start of the figure's caption in the cell's source), from top to bottom
FIGURES = [
    ("01_weights", "The first layer of four networks"),
    ("02_nearest_neighbors", "The same queries and their eight nearest"),
    ("04_activations", "liveliest(\"conv3\""),
    ("06_class_activation_maps", "The five most probable of a thousand classes"),
    ("07_gradient_ascent", "Class images of the real network from two seeds"),
    ("08_adversarial_examples", "The sticker that was trained on all places"),
    ("09_inversion_and_deepdream", "Three photos, and what the real network dreams"),
    ("10_texture_synthesis", "more of each from noise"),
    ("11_neural_style_transfer", "The cat in five styles"),
    ("12_one_network_many_styles", "One network: photos (left)"),
]
WIDTH = 800


def figure(notebook, caption):
    """The stored figure of a notebook whose cell mentions `caption`, `WIDTH` pixels wide."""
    cells = json.loads((DATA.parent / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    (cell,) = [cell for cell in cells if cell["cell_type"] == "code" and caption in "".join(cell["source"])]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in cell["outputs"]]
    (page,) = [page for page in pages if "<img" in page]
    image = Image.open(io.BytesIO(base64.b64decode(re.search("base64,([^\"]+)", page)[1]))).convert("RGB")
    return image.resize((WIDTH, round(image.height * WIDTH / image.width)), Image.Resampling.LANCZOS)


def strip():
    """All of `FIGURES`, one below the other."""
    images = [figure(*which) for which in FIGURES]
    picture = Image.new("RGB", (WIDTH, sum(image.height for image in images)), "white")
    top = 0
    for image in images:
        picture.paste(image, (0, top))
        top += image.height
    return picture


if __name__ == "__main__":
    strip().save(DATA / "strip.webp", quality=60, use_sharp_yuv=True)
