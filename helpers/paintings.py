"""Pictures to take a style from: textures cut out of the photos, and pictures that a few lines of code paint after a
photo.

The photos come with scikit-image, scikit-learn and matplotlib (see helpers.photos) and are free to use; what is painted
here is in the public domain.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import NamedTuple

import cv2
import numpy as np
import torch
from scipy.spatial import cKDTree

from helpers.photos import photo_array

SIDE = 384  # of a picture; the networks paint strokes of the size that they have here


def style_picture(name, size=SIDE):
    """A picture of `STYLES`: float32 [3, size, size] in [0, 1]; the same on every machine, to within a gray level.

    Raises ValueError if there is no such picture or `size` is below 1.
    """
    if name not in STYLES:
        raise ValueError(f"name: no style {name!r}; choose from {', '.join(STYLES)}")
    if size < 1:
        raise ValueError(f"size: at least 1 is needed, got {size}")
    picture = _picture(name)
    way = cv2.INTER_AREA if size < len(picture) else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, (size, size), interpolation=way)
    return torch.from_numpy(scaled).permute(2, 0, 1).float().div(255)


@cache
def _picture(name):
    return STYLES[name].paint()


def _cut(photo, left, top, side):
    """A square of a photo: uint8 [SIDE, SIDE, 3]."""
    piece = photo_array(photo)[top : top + side, left : left + side]
    return cv2.resize(piece, (SIDE, SIDE), interpolation=cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC)


def _vivid(picture, gain=1.5):
    """A picture [h, w, 3] with its colors further from gray."""
    gray = picture.astype(np.float32).mean(axis=-1, keepdims=True)
    return np.clip(gray + gain * (picture - gray), 0, 255)


def _edges(picture, blur):
    """The direction along the edges of a picture, smoothed over `blur` pixels: unit vectors (x, y) [h, w, 2].

    It is the second eigenvector of the structure tensor: across it the picture changes least.
    """
    gray = cv2.GaussianBlur(picture.astype(np.float32).mean(axis=-1), (0, 0), 1.5)
    dx, dy = cv2.Sobel(gray, -1, 1, 0), cv2.Sobel(gray, -1, 0, 1)
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), blur) for product in (dx * dx, dy * dy, dx * dy))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + math.pi / 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1)


def _light(picture, blur):
    """How light a picture [h, w, 3] is: [h, w]."""
    return cv2.GaussianBlur(picture.astype(np.float32).mean(-1), (0, 0), blur)


def _ranks(values):
    """The share of values that are smaller than each."""
    return values.ravel().argsort().argsort().reshape(values.shape) / values.size


def strokes(photo, left, top, side, gain=1.6, light=1.0, swirl=40):
    """Curved brush strokes that follow the photo's edges, from broad to fine (Hertzmann, SIGGRAPH 1998), each of
    several bristles that are a little lighter or darker."""
    random = np.random.default_rng(0)
    photo = np.clip(light * _vivid(_cut(photo, left, top, side), gain), 0, 255)
    canvas = cv2.GaussianBlur(photo, (0, 0), 8).astype(np.uint8)
    along = _edges(photo + swirl * _smooth_noise(random, 26)[..., None], 7)
    for width, length, spacing in ((12, 90, 10), (8, 66, 7), (5, 40, 6)):
        colors = cv2.GaussianBlur(photo, (0, 0), width / 2)
        starts = np.stack(np.meshgrid(np.arange(0, SIDE, spacing), np.arange(0, SIDE, spacing)), -1).reshape(-1, 2)
        starts = random.permutation(starts + random.uniform(0, spacing, starts.shape))
        for (x, y), path in zip(starts, _paths(along, starts, int(length * 1.2 / 3))):
            row, column = int(min(y, SIDE - 1)), int(min(x, SIDE - 1))
            color = colors[row, column] * random.uniform(0.5, 1.6) + random.normal(0, 16, 3)
            if width < 6 and np.abs(colors[row, column] - canvas[row, column]).mean() < 30:
                continue  # fine strokes only where the broad ones are too coarse
            _stroke(canvas, path[: int(length * random.uniform(0.6, 1.2) / 3) + 1], width, color, random)
    return canvas


def _paths(along, starts, steps):
    """From each of n points (x, y), a path that turns with the field `along` [h, w, 2], in steps of three pixels:
    [n, steps + 1, 2]."""
    points, heading = [starts], 0.0
    for _ in range(steps):
        x, y = np.clip(points[-1], 0, SIDE - 1).astype(int).T
        turn = along[y, x]
        turn = turn * np.where((turn * heading).sum(1) < 0, -1, 1)[:, None]
        heading = 0.6 * heading + 0.4 * turn
        heading = heading / np.linalg.norm(heading, axis=1, keepdims=True)
        points.append(points[-1] + 3 * heading)
    return np.stack(points, 1)


def _stroke(canvas, points, width, color, random):
    edge = np.rint(points * 8).astype(np.int32)
    cv2.polylines(canvas, [edge], False, (0.4 * color).clip(0, 255).tolist(), width + 2, cv2.LINE_AA, shift=3)
    sideways = np.gradient(points, axis=0)[:, ::-1] * (-1, 1) / 3
    for offset in np.linspace(-0.5, 0.5, max(3, width // 4)):
        light = color * (1 + random.normal(0, 0.12)) - 45 * offset
        line = np.rint((points + width * offset * sideways) * 8).astype(np.int32)
        thickness = round(width / max(3, width // 4)) + 1
        cv2.polylines(canvas, [line], False, np.clip(light, 0, 255).tolist(), thickness, cv2.LINE_AA, shift=3)


def stained_glass(panes=160):
    """Panes of colored glass in lead: the cells nearest to random points (a Voronoi diagram), brighter in their
    middle."""
    random = np.random.default_rng(3)
    points = random.uniform(0, SIDE, (panes, 2)).astype(np.float32)
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(np.float32)
    for _ in range(2):  # toward panes of one size (Lloyd's algorithm)
        owner = cKDTree(points).query(grid)[1]
        points = np.array([grid[owner == pane].mean(0) for pane in range(panes)], np.float32)
    distances, owners = cKDTree(points).query(grid, k=2)
    owner = owners[..., 0]
    palette = np.array([(200, 20, 30), (20, 60, 190), (250, 190, 20), (20, 130, 70), (240, 110, 20), (90, 30, 130),
                        (60, 170, 220), (250, 235, 190)], np.float32)
    color = palette[random.integers(len(palette), size=panes)] * random.uniform(0.8, 1.1, (panes, 1))
    glow = 1.15 - 0.5 * (distances[..., 0] / 22) ** 2
    streaks = 1 + 0.06 * cv2.GaussianBlur(random.standard_normal((SIDE, SIDE)), (0, 0), sigmaX=1.5, sigmaY=9) * 4
    lead = np.clip((distances[..., 1] - distances[..., 0] - 4.5) / 2, 0, 1)[..., None]
    window = color[owner] * (glow * streaks)[..., None] * lead + 18 * (1 - lead)
    return np.clip(window, 0, 255).astype(np.uint8)


def dots(photo, left, top, side, step=12):
    """Dots of pure color beside each other, which mix in the eye (after Seurat's pointillism)."""
    random = np.random.default_rng(0)
    photo = cv2.GaussianBlur(_vivid(_cut(photo, left, top, side), 1.7), (0, 0), 3)
    canvas = np.full((SIDE, SIDE, 3), (240, 230, 205), np.uint8)
    places = np.arange(0, SIDE + step, step)
    starts = np.stack(np.meshgrid(places, places), -1).reshape(-1, 2)
    for x, y in starts + random.normal(0, 1.4, starts.shape) + step / 2 * (starts[:, 1:] // step % 2) * (1, 0):
        row, column = (int(np.clip(value, 0, SIDE - 1)) for value in (y, x))
        hue = random.normal(0, 45, 3)
        color = np.clip(1.1 * photo[row, column] + hue - hue.mean(), 0, 255).tolist()
        center, radius = (round(x * 8), round(y * 8)), round(8 * step * random.uniform(0.38, 0.52))
        cv2.circle(canvas, center, radius, color, -1, cv2.LINE_AA, shift=3)
    return canvas


def woodcut(photo, left, top, side):
    """Black lines on paper that follow the photo's forms, broader where it is darker: noise smeared along the edges
    (line integral convolution; Cabral & Leedom, SIGGRAPH 1993), then cut at a level that the light decides."""
    random = np.random.default_rng(0)
    piece = _cut(photo, left, top, side)
    along = _edges(piece, 9).astype(np.float32)
    noise = cv2.GaussianBlur(random.standard_normal((SIDE, SIDE)).astype(np.float32), (0, 0), 1.2)
    grid = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), -1).astype(np.float32)
    lines = noise.copy()
    for way in (1, -1):
        place, heading = grid.copy(), way * along
        for _ in range(18):
            place += heading
            step = cv2.remap(along, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
            heading = step * np.sign((step * heading).sum(-1, keepdims=True) + 1e-6)
            lines += cv2.remap(noise, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    ink = np.clip((0.12 + 0.76 * _ranks(_light(piece, 2)) - _ranks(lines)) * 9 + 0.5, 0, 1)[..., None]
    return (ink * (244, 234, 212) + (1 - ink) * (28, 22, 24)).astype(np.uint8)


def hatching(photo, left, top, side, apart=8):
    """Straight pen strokes in three directions, one more where the photo is darker."""
    random = np.random.default_rng(0)
    light = _ranks(_light(_cut(photo, left, top, side), 3))
    paper = np.full((SIDE, SIDE, 3), (243, 238, 226), np.float32)
    for angle, darker in ((45, 0.82), (-45, 0.52), (12, 0.26)):
        along = np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
        lines = np.zeros((SIDE, SIDE), np.uint8)
        for offset in np.arange(-SIDE, SIDE, apart):
            ends = [SIDE / 2 + (offset + random.normal(0, 0.7)) * along[::-1] * (-1, 1) + way * SIDE * along
                    for way in (-1, 1)]
            start, end = np.rint(np.array(ends) * 8).astype(int).tolist()
            cv2.line(lines, start, end, 255, 2, cv2.LINE_AA, shift=3)
        ink = (lines / 255 * np.clip((darker - light) * 20 + 0.5, 0, 1))[..., None]
        paper = (1 - ink) * paper + ink * (38, 40, 62)
    return paper.astype(np.uint8)


def crayon(photo, left, top, side):
    """Short straight strokes on dark paper, all in about one direction, in the photo's colors, lighter or darker."""
    random = np.random.default_rng(0)
    piece = cv2.GaussianBlur(_vivid(_cut(photo, left, top, side), 1.8), (0, 0), 3)
    canvas = np.full((SIDE, SIDE, 3), (24, 26, 38), np.uint8)
    for x, y in random.uniform(0, SIDE, (5200, 2)):
        angle = math.radians(random.normal(-58, 5))
        half = random.uniform(12, 22) * np.array([math.cos(angle), math.sin(angle)])
        color = np.clip(piece[int(y), int(x)] * random.uniform(0.5, 1.6) + 12, 0, 255).tolist()
        ends = np.rint(8 * np.array([(x, y) - half, (x, y) + half])).astype(int).tolist()
        cv2.line(canvas, *ends, color, 3, cv2.LINE_AA, shift=3)
        dark = [0.45 * value for value in color]
        cv2.line(canvas, *[[end[0] + 20, end[1] + 12] for end in ends], dark, 1, cv2.LINE_AA, shift=3)
    return canvas


def marbled():
    """Marbled paper: bands of a few inks between the level lines of smooth noise, with dark edges."""
    random = np.random.default_rng(1)
    noise = sum(_smooth_noise(random, width) * width for width in (34, 17, 8))
    bands = 14 * _ranks(noise) + 0.4 * _smooth_noise(random, 5)
    inks = np.array([(12, 44, 84), (30, 120, 150), (240, 232, 200), (226, 120, 60), (160, 30, 50), (246, 200, 90)])
    steep = cv2.GaussianBlur(np.hypot(*np.gradient(bands)), (0, 0), 1)
    away = np.clip(np.abs(bands - np.rint(bands)) / steep / 1.6 - 0.2, 0, 1)[..., None]
    return (away * inks[np.floor(bands).astype(int) % len(inks)] + 18 * (1 - away)).astype(np.uint8)


def _smooth_noise(random, width):
    """Noise without detail below `width` pixels: [SIDE, SIDE], of deviation 1."""
    noise = cv2.GaussianBlur(random.standard_normal((SIDE, SIDE)), (0, 0), width)
    return noise / noise.std()


def mosaic(photo, left, top, side, tile=17):
    """Square stones of one color each, laid in the direction of the photo's edges, with bright joints."""
    random = np.random.default_rng(0)
    photo = _vivid(_cut(photo, left, top, side), 1.4)
    along, colors = _edges(photo, 9), cv2.GaussianBlur(photo, (0, 0), 4)
    canvas = np.full((SIDE, SIDE, 3), (226, 220, 204), np.uint8)
    free = np.ones((SIDE, SIDE), np.uint8)
    for x, y in random.uniform(0, SIDE, (14000, 2)):
        heading = along[int(y), int(x)]
        side_way = np.array([-heading[1], heading[0]])
        corners = [(x, y) + tile / 2 * (a * heading + b * side_way) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
        stone = np.zeros_like(free)
        cv2.fillConvexPoly(stone, np.rint(np.array(corners) * 8).astype(np.int32), 1, shift=3)
        if (stone & free).sum() > 0.93 * stone.sum():
            color = colors[int(y), int(x)] * random.uniform(0.75, 1.2) + random.normal(0, 8, 3)
            color = np.clip(color, 0, 255).tolist()
            cv2.fillConvexPoly(canvas, np.rint(np.array(corners) * 8).astype(np.int32), color, cv2.LINE_AA, shift=3)
            free &= 1 - cv2.dilate(stone, np.ones((3, 3), np.uint8))
    return canvas


class Style(NamedTuple):
    """What paints the picture, where it comes from, and whether the network for many styles was trained on it."""

    paint: Callable
    credit: str
    trained: bool = True


_SKIMAGE, _SKLEARN = "which ships with scikit-image", "which ships with scikit-learn"
STYLES = {
    "night": Style(partial(strokes, "rocket", 190, 60, 367, 2.0, 1.35), f"brush strokes after rocket.jpg, {_SKIMAGE}"),
    "glass": Style(stained_glass, "stained glass, drawn by code"),
    "dots": Style(partial(dots, "flower", 130, 0, 400), f"dots after flower.jpg, {_SKLEARN}"),
    "woodcut": Style(partial(woodcut, "officer", 60, 60, 400),
                     "lines after grace_hopper.jpg, which ships with matplotlib"),
    "mosaic": Style(partial(mosaic, "cup", 100, 0, 400), f"stones after coffee.png, {_SKIMAGE}"),
    "hatching": Style(partial(hatching, "astronaut", 120, 0, 380), f"pen strokes after astronaut.png, {_SKIMAGE}"),
    "crayon": Style(partial(crayon, "astronaut", 20, 0, 400), f"crayon strokes after astronaut.png, {_SKIMAGE}"),
    "marble": Style(marbled, "marbled paper, drawn by code"),
    "fire": Style(partial(strokes, "flower", 130, 0, 400), f"brush strokes after flower.jpg, {_SKLEARN}", False),
    "roof": Style(partial(_cut, "pagoda", 170, 110, 180), f"a part of china.jpg, {_SKLEARN}", False),
}
