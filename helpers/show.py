"""Figures: every one has a caption that a lecture can read and an alt text that says what is to be seen."""

import base64
import html
import io
import math
import sys
import textwrap

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
from tqdm import tqdm

from helpers.photos import to_pil

HEAT = "turbo"
WIDEST = 1100


def figure(fig, caption, alt):
    """Show a matplotlib figure with a caption below it and an alt text, and close it."""
    fig.supxlabel(textwrap.fill(caption, max(30, int(13 * fig.get_figwidth()))), fontsize=10)
    _display(picture(fig), "<Figure>", alt)


def _display(image, name, alt, page=None):
    """Show a PIL picture as what a notebook stores of it; `page` is the HTML of what moves.

    JupyterLab and nbconvert drop the alt text of a picture but keep that of HTML. So both are stored: HTML with a WebP,
    which a browser shows, and for readers that strip it a JPEG or PNG, whichever is smaller.
    """
    webp = _encoded(image, "WEBP", quality=85, use_sharp_yuv=True)
    kinds = {"image/jpeg": _encoded(image, "JPEG", quality=80, progressive=True, optimize=True)}
    if len(_encoded(image, "WEBP", lossless=True, method=0)) < 3 * len(webp):  # else a photo, which loss makes smaller
        webp = min(webp, _encoded(image, "WEBP", lossless=True), key=len)
        kinds["image/png"] = _encoded(image, "PNG", optimize=True)
    kind = min(kinds, key=lambda kind: len(kinds[kind]))
    data = {kind: base64.b64encode(kinds[kind]).decode(), "text/plain": name, "text/html": page or _img(webp, alt)}
    display(data, metadata={kind: {"alt": alt}}, raw=True)


def animation(images, milliseconds=120, *, caption, alt):
    """Show pictures [3, H, W] one after the other, there and back; returns the animation as the bytes of a WebP file.

    Readers that strip HTML get the last picture.
    """
    frames = [to_pil(image) for image in images]
    there_and_back = frames + frames[-2:0:-1]
    webp = _encoded(there_and_back[0], "WEBP", save_all=True, append_images=there_and_back[1:], duration=milliseconds,
                    loop=0, quality=80)
    page = f"<figure>{_img(webp, alt)}<figcaption>{html.escape(caption)}</figcaption></figure>"
    _display(frames[-1], "<Animation>", alt, page)
    return webp


def progress(steps, name="steps"):
    """The same steps, with a progress bar where a person waits for them. It is written to stdout, for what goes to
    stderr looks like an error, and gone at the end."""
    return tqdm(steps, name, ascii=True, leave=False, delay=1, file=sys.stdout)


def _img(webp, alt):
    return f'<img src="data:image/webp;base64,{base64.b64encode(webp).decode()}" alt="{html.escape(alt)}">'


def _encoded(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def picture(fig):
    """A matplotlib figure as a PIL picture, at most `WIDEST` pixels wide; closes it."""
    fig.set_dpi(min(90, WIDEST / fig.get_figwidth()))
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    plt.close(fig)
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def png(fig):
    """A matplotlib figure as the bytes of a PNG; closes it."""
    return _encoded(picture(fig), "PNG")


def signed(gradient):
    """A signed gradient [3, H, W] as a picture [3, H, W] in [0, 1]: gray is zero, and its strongest 0.2 % are full."""
    most = gradient.abs().flatten().quantile(0.998).clamp(min=1e-12)
    return (0.5 + 0.5 * gradient / most).clamp(0, 1)


def tile(images, columns, gap=1, background=1.0):
    """Lay pictures [n, 3, h, w] out on one picture [3, H, W], row by row, `gap` pixels apart."""
    n, channels, height, width = images.shape
    rows = math.ceil(n / columns)
    out = torch.full((channels, rows * (height + gap) - gap, columns * (width + gap) - gap), background)
    for i, image in enumerate(images):
        top, left = i // columns * (height + gap), i % columns * (width + gap)
        out[:, top : top + height, left : left + width] = image
    return out


def plot_grid(images, titles=None, columns=8, size=1.3, heats=None):
    """A figure of pictures [3, H, W] or of gray maps [H, W], each map between its own extremes; `heats` are laid
    over."""
    rows = math.ceil(len(images) / columns)
    columns = min(columns, len(images))
    height, width = images[0].shape[-2:]
    title_room = 0.25 if titles is not None else 0
    fig, axes = plt.subplots(rows, columns, squeeze=False, layout="constrained",
                             figsize=(columns * size, rows * (size * height / width + title_room) + 0.35))
    fig.get_layout_engine().set(w_pad=0.05, h_pad=0.03, wspace=0, hspace=0)
    for axis in axes.flat:
        axis.axis("off")
    for i, (axis, image) in enumerate(zip(axes.flat, images)):
        draw(axis, image, None if heats is None else heats[i])
        if titles is not None:
            axis.set_title(titles[i], fontsize=8, pad=2)
    return fig


def draw(axis, image, heat=None):
    """Draw a picture [3, H, W] or a gray map [H, W] on an axis; under a heat map the picture turns gray."""
    image = image.detach().cpu().float()
    if heat is not None and image.dim() == 3:
        image = image.mean(dim=0, keepdim=True).expand(3, -1, -1)
    smooth = "bicubic" if min(image.shape[-2:]) >= 120 else "nearest"  # a weight or a coarse map shows its squares
    pixels = image.permute(1, 2, 0).clamp(0, 1) if image.dim() == 3 else image
    axis.imshow(pixels.numpy(), cmap="gray", interpolation=smooth)
    if heat is not None:
        heat = heat.detach().cpu().float().clamp(min=0)
        heat = heat / heat.max().clamp(min=1e-37)
        opacity = 0.6 * (2 * heat).clamp(max=1)
        axis.imshow(heat.numpy(), cmap=HEAT, alpha=opacity.numpy(), vmin=0, vmax=1, interpolation=smooth)
    axis.axis("off")


def grid(images, titles=None, columns=8, size=1.3, *, caption, alt):
    """Show pictures [3, H, W] or gray maps [H, W] in rows of `columns`, `size` inches wide."""
    figure(plot_grid(images, titles, columns, size), caption, alt)


def overlay(images, heats, titles=None, columns=8, size=1.3, *, caption, alt):
    """Show heat maps [H, W] laid over their pictures [3, H, W]."""
    figure(plot_grid(images, titles, columns, size, heats), caption, alt)


def bars(groups, labels, titles=None, *, caption, alt):
    """Show a bar chart of values [k] named by `labels` [k] for each of `groups`: probabilities, say."""
    fig, axes = plt.subplots(1, len(groups), squeeze=False, layout="constrained",
                             figsize=(3.2 * len(groups), 0.26 * len(labels[0]) + 0.8))
    for i, (axis, values) in enumerate(zip(axes.flat, groups)):
        axis.barh(labels[i], torch.as_tensor(values).detach().cpu().double().numpy(), color="#4063d8")
        axis.invert_yaxis()
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
        if titles is not None:
            axis.set_title(titles[i], fontsize=9)
    figure(fig, caption, alt)
