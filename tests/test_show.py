"""Figures carry captions and alt texts; an explorer redraws its picture when a control changes."""

import base64
import io
from datetime import datetime, timezone
from xml.etree import ElementTree

import ipywidgets
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup
from PIL import Image

from helpers import load_image, photo, show
from helpers.explore import Explorer, choice, slider, upload
from helpers.show import png


@pytest.fixture
def displayed(monkeypatch):
    """A list of what was displayed: (data, metadata) by MIME type."""
    plt.close("all")
    found = []
    monkeypatch.setattr(show, "display", lambda data, metadata, raw: found.append((data, metadata)))
    yield found
    assert not plt.get_fignums(), "a figure was left open"


@pytest.fixture
def figures(monkeypatch):
    """A list of the figures that were made pictures of, each with its picture."""
    found, picture = [], show.picture
    monkeypatch.setattr(show, "picture", lambda figure: found.append((figure, picture(figure))) or found[-1][1])
    return found


def pixels(data):
    picture = Image.open(io.BytesIO(data)) if isinstance(data, bytes) else data
    return np.array(picture.convert("RGB"), dtype=float)


def copies(data):
    """The pictures that a notebook stores of a figure: (MIME type of the one beside the HTML, its bytes, the WebP's)."""
    (kind,) = data.keys() - {"text/html", "text/plain"}
    source = BeautifulSoup(data["text/html"], "html.parser").img["src"].removeprefix("data:image/webp;base64,")
    return kind, base64.b64decode(data[kind]), base64.b64decode(source)


IMAGES = torch.rand(5, 3, 8, 10, generator=torch.Generator().manual_seed(0))
HEATS = torch.rand(5, 8, 10, generator=torch.Generator().manual_seed(1))
LABELS = ["cat", "cup", "coin"]


@pytest.mark.parametrize("draw", [
    lambda **texts: show.grid(IMAGES, columns=3, **texts),
    lambda **texts: show.grid(list(HEATS), titles=list("abcde"), **texts),
    lambda **texts: show.overlay(IMAGES, HEATS, **texts),
    lambda **texts: show.bars(torch.rand(2, 3), [LABELS, LABELS], titles=["one", "two"], **texts),
], ids=["grid", "gray grid", "overlay", "bars"])
def test_figures_have_caption_and_alt_text(draw, displayed, figures):
    draw(caption="Five pictures.", alt='Noise, "colored" & <gray>.')
    ((data, metadata),) = displayed
    kind, beside, webp = copies(data)
    assert metadata == {kind: {"alt": 'Noise, "colored" & <gray>.'}}
    (image,) = ElementTree.fromstring(f"<p>{data['text/html'][:-1]}/></p>")
    assert image.get("alt") == 'Noise, "colored" & <gray>.'
    ((figure, exact),) = figures
    assert pixels(exact).std() > 1 and figure.get_supxlabel() == "Five pictures."
    for copy in (beside, webp):
        assert pixels(copy).shape == pixels(exact).shape and abs(pixels(copy) - pixels(exact)).mean() < 5


def draw_chart():
    show.bars([[0.1, 0.2, 0.7]], [LABELS], caption="Three bars.", alt="The last is the longest.")


def draw_photo():
    show.grid([photo("astronaut", 256)], size=4, caption="A photo.", alt="A person in an orange suit.")


@pytest.mark.parametrize("draw, kind", [(draw_chart, "png"), (draw_photo, "jpeg")])
def test_beside_the_html_stands_the_smaller_of_jpeg_and_png(draw, kind, displayed, figures):
    draw()
    ((data, metadata),) = displayed
    stored, beside, webp = copies(data)
    assert stored == f"image/{kind}" and metadata.keys() == {stored}
    assert [Image.open(io.BytesIO(copy)).format for copy in (beside, webp)] == [kind.upper(), "WEBP"]
    exact = show._encoded(figures[0][1], "PNG", optimize=True)
    assert len(webp) < len(exact) and len(beside) <= len(exact)


@pytest.mark.parametrize("inches, width", [(17, 1100), (6, 540)])
def test_a_figure_is_at_most_1100_pixels_wide(inches, width, displayed):
    figure, axis = plt.subplots(figsize=(inches, 1))
    axis.plot(range(9))
    show.figure(figure, "A line.", "It rises.")
    _, *both = copies(displayed[0][0])
    assert [pixels(copy).shape[1] for copy in both] == [width, width]


@pytest.mark.parametrize("function, arguments", [(show.grid, (IMAGES,)), (show.overlay, (IMAGES, HEATS)), (show.bars, ([[1]], [["a"]]))])
def test_texts_are_required(function, arguments):
    with pytest.raises(TypeError, match="caption.*alt"):
        function(*arguments)


def test_grid_draws_each_picture_once():
    figure = show.plot_grid(IMAGES, titles=list("abcde"), columns=3)
    axes = figure.axes
    assert len(axes) == 6 and [axis.get_title() for axis in axes] == ["a", "b", "c", "d", "e", ""]
    for axis, image in zip(axes, IMAGES):
        assert np.array_equal(axis.images[0].get_array(), image.permute(1, 2, 0))
    assert not axes[5].images and not axes[5].axison
    plt.close(figure)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_pictures_and_heat_maps_in_half_precision_are_drawn(dtype):
    figure = show.plot_grid(IMAGES[:1].to(dtype), heats=HEATS[:1].to(dtype))
    gray, heat = figure.axes[0].images
    assert np.allclose(gray.get_array()[..., 0], IMAGES[0].mean(0), atol=0.01) and heat.get_array().max() == 1
    plt.close(figure)


@pytest.mark.parametrize("heat", [HEATS[0], HEATS[0] * 1e-20, torch.zeros(8, 10)])
def test_heat_is_drawn_between_zero_and_its_maximum(heat):
    figure = show.plot_grid(IMAGES[:1], heats=[heat])
    drawn = torch.tensor(figure.axes[0].images[1].get_array())
    assert drawn.isfinite().all()
    assert torch.allclose(drawn, heat / heat.max() if heat.any() else heat)
    plt.close(figure)


def test_bars_start_at_the_top(displayed, figures):
    draw_chart()
    axis = figures[0][0].axes[0]
    assert [bar.get_width() for bar in axis.patches] == pytest.approx([0.1, 0.2, 0.7])
    assert [label.get_text() for label in axis.get_yticklabels()] == LABELS
    assert axis.yaxis_inverted()


def test_tile():
    tiled = show.tile(IMAGES, columns=3, gap=2, background=0.5)
    assert tiled.shape == (3, 2 * 8 + 2, 3 * 10 + 2 * 2)
    for i, (row, column) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]):
        top, left = row * 10, column * 12
        assert torch.equal(tiled[:, top : top + 8, left : left + 10], IMAGES[i])
        tiled[:, top : top + 8, left : left + 10] = 0.5
    assert (tiled == 0.5).all()


# ---- explorers ------------------------------------------------------------------------------------------------------


def draw_line(height, color):
    if height > 2:
        raise ValueError("height: at most 2 is possible")
    figure, axis = plt.subplots(figsize=(1, 1))
    axis.plot([0, 1], [0, height], color=color)
    axis.set_ylim(0, 2)
    return figure


@pytest.fixture
def explorer():
    plt.close("all")
    made = Explorer(draw_line, height=slider("height", [0, 1, 2, 3]), color=choice("color", ["red", "blue"], "blue"))
    yield made
    assert not plt.get_fignums(), "a figure was left open"


def test_explorer_starts_with_its_controls_values(explorer):
    assert {name: control.value for name, control in explorer.controls.items()} == {"height": 0, "color": "blue"}
    assert explorer.picture.value == png(draw_line(0, "blue"))


def test_explorer_redraws_when_a_control_changes(explorer):
    explorer.controls["height"].value = 1
    assert explorer.picture.value == png(draw_line(1, "blue"))
    explorer.controls["color"].value = "red"
    assert explorer.picture.value == png(draw_line(1, "red"))
    assert explorer.message.value == ""


def test_explorer_shows_an_error_as_a_line(explorer):
    explorer.controls["height"].value = 3
    assert explorer.message.value == "height: at most 2 is possible"
    explorer.controls["height"].value = 2
    assert explorer.message.value == ""
    assert explorer.picture.value == png(draw_line(2, "blue"))


def test_explorer_shows_controls_and_picture(explorer):
    def inside(widget):
        return [widget, *(found for child in getattr(widget, "children", ()) for found in inside(child))]

    shown = inside(explorer)
    assert explorer.picture in shown and explorer.message in shown
    assert all(control in shown for control in explorer.controls.values())
    assert not any(isinstance(widget, ipywidgets.Output) for widget in shown)  # nbval compares what one prints
    assert repr(explorer) == repr(explorer) and "height, color" in repr(explorer)


def test_first_option_is_the_default():
    assert choice("color", ["red", "blue"]).value == "red" and slider("height", [0, 1]).value == 0
    assert choice("subject", {"a cat": 3, "a cup": 5}).value == 3
    assert slider("steps", [("few", 10), ("many", 99)]).value == 10


def test_explorer_of_an_uploaded_picture():
    def draw(picture):
        image = load_image(picture[0]["content"], 16) if picture else torch.zeros(3, 16, 16)
        return show.plot_grid([image])

    explorer = Explorer(draw, picture=upload("picture"))
    first, stream = explorer.picture.value, io.BytesIO()
    Image.new("RGB", (20, 30), "red").save(stream, "PNG")
    file = {"name": "a.png", "type": "image/png", "size": 1, "last_modified": datetime.now(timezone.utc)}
    explorer.controls["picture"].value = ({**file, "content": memoryview(stream.getvalue())},)
    red = explorer.picture.value
    assert red != first and not explorer.message.value
    explorer.controls["picture"].value = ({**file, "content": memoryview(b"no picture")},)
    assert "not a picture" in explorer.message.value and "drawn without it" in explorer.message.value
    assert explorer.controls["picture"].value == () and explorer.picture.value == first
    explorer.controls["picture"].value = ({**file, "content": memoryview(stream.getvalue())},)
    assert explorer.picture.value == red and not explorer.message.value


def test_the_upload_button_names_its_limit():
    assert upload("picture").description == "picture, up to 7 MB"


def test_animation_plays_there_and_back_and_has_an_alt_text(displayed):
    images = torch.rand(4, 3, 8, 10, generator=torch.Generator().manual_seed(0))
    data = show.animation(images, caption="a & b", alt="four <pictures>")
    file = Image.open(io.BytesIO(data))
    assert file.format == "WEBP" and file.n_frames == 6 and file.size == (10, 8)
    ((stored, metadata),) = displayed
    image = BeautifulSoup(stored["text/html"], "html.parser").img
    kind, still, webp = copies(stored)
    assert image.get("alt") == "four <pictures>" and metadata == {kind: {"alt": "four <pictures>"}} and webp == data
    away = [abs(pixels(still) - 255 * image.permute(1, 2, 0).numpy()).mean() for image in images]
    assert min(away) == away[3], "readers that strip HTML get the last picture"
