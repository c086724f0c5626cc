"""Labeled pictures without end: cut-outs of ten subjects pasted on photographic backgrounds.

Who owns every pixel is known, so every explanation of a network's answer can be scored against the truth.
A picture depends on nothing but the seed, its index and its size: the same on any machine (to within one
gray level), whether it is made alone or in a batch.
"""

import math
import operator
from functools import cache, partial
from typing import NamedTuple

import cv2
import numpy as np
import torch

from helpers.photos import PHOTOS, instances, photo_array

SUBJECTS = ("person", "cat", "cup", "coin", "motorcycle", "pagoda", "flower", "rocket", "retina", "helmet")
PHOTO_SHARE = 0.15  # of the scenes are crops of the original photos
NATURAL_SHARE = 0.8  # of the pictures in natural colors keep the photos' own

# Parts of photos that show no subject: name -> (left, top, right, bottom) boxes. None: all of the photo.
BACKGROUNDS = {
    "brick": None, "grass": None, "gravel": None, "galaxies": None, "tissue": None, "moon": None, "page": None,
    "text": None, "color wheel": None,
    "astronaut": [(0, 0, 75, 200)],
    "officer": [(0, 0, 130, 330), (385, 0, 512, 330)],
    "cameraman": [(335, 60, 512, 290), (410, 230, 512, 512)],
    "cup": [(490, 0, 600, 400)],
    "motorcycle": [(0, 405, 320, 500), (585, 0, 741, 110)],
    "pagoda": [(380, 0, 640, 300), (400, 290, 640, 427)],
    "flower": [(0, 0, 160, 427), (455, 0, 640, 360)],
    "rocket": [(0, 0, 285, 427), (345, 0, 640, 427)],
}


class Scenes(NamedTuple):
    """`images` float32 [n, 3, s, s] in [0, 1]; `labels` int64 [n], indices into SUBJECTS; `masks` bool [n, s, s]."""

    images: torch.Tensor
    labels: torch.Tensor
    masks: torch.Tensor

    def to(self, device):
        return type(self)(*(tensor.to(device) for tensor in self))


class Pairs(NamedTuple):
    """`images` float32 [n, 3, s, s] in [0, 1]; `labels` int64 [n, 2]; `masks` bool [n, 2, s, s]."""

    images: torch.Tensor
    labels: torch.Tensor
    masks: torch.Tensor

    def to(self, device):
        return type(self)(*(tensor.to(device) for tensor in self))


def scenes(n, seed, size=128, subjects=None, start=0, natural=False, photos=PHOTO_SHARE):
    """Make `n` pictures that show one subject each: numbers `start` to `start + n - 1` of the series `seed`.

    subjects: names to draw from (all of SUBJECTS unless given). natural: four fifths of the pictures keep the photos'
    own colors, under warm, cool, dim or bright light; else most subjects and backgrounds take any hue, or turn gray.
    photos: the share of pictures that are crops of the original photos.
    The mask of a picture is true where the pixel belongs to the subject, after all that hides it.
    Raises ValueError if n < 1, size < 32, seed or start is negative, or a subject is unknown.
    """
    labels = _labels(subjects, at_least=1)
    images, chosen, masks = _make(partial(_scene, photos=photos), n, seed, size, start, labels, natural)
    return Scenes(images, chosen[:, 0], masks[:, 0])


def pairs(n, seed, size=128, subjects=None, start=0, natural=False):
    """Make `n` pictures of two different subjects each; the arguments and errors are those of `scenes`."""
    return Pairs(*_make(_pair, n, seed, size, start, _labels(subjects, at_least=2), natural))


def _labels(subjects, at_least):
    subjects = SUBJECTS if subjects is None else (subjects,) if isinstance(subjects, str) else tuple(subjects)
    unknown = [name for name in subjects if name not in SUBJECTS]
    if unknown:
        raise ValueError(f"subjects: {unknown[0]!r} is unknown; choose from {', '.join(SUBJECTS)}")
    if len(set(subjects)) < at_least:
        raise ValueError(f"subjects: at least {at_least} different ones are needed, got {len(set(subjects))}")
    return [SUBJECTS.index(name) for name in subjects]


def _whole(name, value, least):
    try:
        value = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: a whole number is needed, got {value!r}") from None
    if not least <= value < 2**63:
        needed = f"at least {least}" if value < least else "less than 2**63"
        raise ValueError(f"{name}: {needed} is needed, got {value}")
    return value


class _Random(np.random.Generator):
    """The random numbers of one picture, and whether it keeps the photos' own colors."""

    own_colors = False


def _make(paint, n, seed, size, start, labels, natural):
    n, size = _whole("n", n, 1), _whole("size", size, 32)
    seed, start = _whole("seed", seed, 0), _whole("start", start, 0)

    made = []
    for index in range(start, start + n):
        random = _Random(np.random.Philox(key=[seed, index]))
        if natural:
            random.own_colors = random.random() < NATURAL_SHARE
        made.append(paint(random, size, labels))
    images = torch.from_numpy(np.stack([image for image, _, _ in made]))
    chosen = torch.tensor([label for _, label, _ in made])
    masks = torch.from_numpy(np.stack([mask for _, _, mask in made]))
    return images.permute(0, 3, 1, 2).float().div_(255), chosen, masks


def _scene(random, size, labels, photos):
    label = labels[random.integers(len(labels))]
    if random.random() < photos:
        image, mask = _photo_crop(random, size, label)
    else:
        image = _backdrop(random, size)
        image, mask = _paste(image, _pose(random, size, label, *_place(random, size)))
        image, mask = _occlude(random, image, mask)
    return _camera(random, image), [label], mask[None]


def _pair(random, size, labels):
    chosen = [labels[i] for i in random.permutation(len(labels))]
    first = chosen[0]
    second = next(label for label in chosen if label != first)
    image = _backdrop(random, size)
    while True:
        poses = [_pose(random, size, label, *place) for label, place in zip((first, second), _two_places(random, size))]
        full = [(pose[..., 3] > 127.5).sum() for pose in poses]
        masks = [(poses[0][..., 3] > 127.5) & (poses[1][..., 3] <= 127.5), poses[1][..., 3] > 127.5]
        if masks[0].sum() > 0.8 * full[0] and min(mask.mean() for mask in masks) > 0.015:
            break
    for pose in poses:
        image, _ = _paste(image, pose)
    return _camera(random, image), [first, second], np.stack(masks)


# ---- where a subject goes -------------------------------------------------------------------------------------------


def _place(random, size):
    """A center (x, y) and a length, in pixels: the subject stays in the picture, but for an edge now and then."""
    length = size * random.uniform(0.28, 0.78)
    reach = max(0.0, 0.56 * size - 0.5 * length)
    x, y = 0.5 * size + random.uniform(-reach, reach, 2)
    return x, y, length


def _two_places(random, size):
    """Two places side by side or, less often, one above the other."""
    across, along = random.uniform(0.22, 0.31, 2), random.uniform(0.35, 0.65, 2)
    centers = [(across[0], along[0]), (1 - across[1], along[1])]
    if random.random() < 0.3:
        centers = [(y, x) for x, y in centers]
    if random.random() < 0.5:
        centers.reverse()
    return [(size * x, size * y, size * random.uniform(0.36, 0.58)) for x, y in centers]


def _pose(random, size, label, x, y, length):
    """A cut-out of the subject in a random pose on an empty picture: float32 RGBA [s, s, 4], premultiplied."""
    cutouts = _cutouts()[SUBJECTS[label]]
    levels = cutouts[random.integers(len(cutouts))]
    height, width = levels[0].shape[:2]
    length *= (max(height, width) / min(height, width)) ** 0.2  # thin subjects may be longer
    cutout = _level(levels, max(height, width) / length)[0]
    height, width = cutout.shape[:2]

    middle = np.array([width, height]) / 2
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * middle
    scale, stretch = length / max(height, width), math.exp(random.uniform(-0.12, 0.12))
    posed = (corners * (scale * stretch * _flip(random), scale / stretch)) @ _turn(random.normal(0, 0.26)).T
    posed += random.uniform(-0.05, 0.05, (4, 2)) * length + (x, y)
    matrix = cv2.getPerspectiveTransform((corners + middle).astype(np.float32), posed.astype(np.float32))
    return cv2.transform(cv2.warpPerspective(cutout, matrix, (size, size)), _recolor(random, natural=0.3))


def _flip(random):
    return -1 if random.random() < 0.5 else 1


def _turn(angle):
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


@cache
def _cutouts():
    """subject -> its cut-outs, each a pyramid of float32 RGBA pictures [h, w, 4], premultiplied."""
    found = {name: [] for name in SUBJECTS}
    for name, (_, _, subject) in PHOTOS.items():
        if subject:
            for number, box in enumerate(_boxes(name), start=1):
                found[subject].append(_pyramid(_cut(photo_array(name), instances(name) == number, box)))
    return found


@cache
def _boxes(name):
    """The box (x, y, width, height) of each instance of a photo's subject."""
    numbers = instances(name)
    return [cv2.boundingRect((numbers == number).astype(np.uint8)) for number in range(1, numbers.max() + 1)]


def _cut(photo, mask, box, longest=256):
    """The masked part of a photo with a feathered edge: float32 RGBA, premultiplied, at most 256 pixels long."""
    x, y, width, height = box
    window = np.s_[y : y + height, x : x + width]
    alpha = np.pad(mask[window].astype(np.float32), 2)
    alpha = cv2.GaussianBlur(cv2.erode(alpha, np.ones((2, 2))), (0, 0), 0.8)[..., None]
    color = np.pad(photo[window].astype(np.float32), ((2, 2), (2, 2), (0, 0)), mode="edge")
    cutout = np.concatenate([color * alpha, 255 * alpha], axis=-1)
    shrink = min(1, longest / max(cutout.shape))
    return cv2.resize(cutout, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)


def _pyramid(picture):
    levels = [picture]
    while min(levels[-1].shape[:2]) > 24:
        levels.append(cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return levels


def _level(levels, shrink):
    """The level of a pyramid to sample from when a picture gets `shrink` times smaller, and its number."""
    number = min(len(levels) - 1, max(0, math.floor(math.log2(max(shrink, 1)) + 0.25)))
    return levels[number], number


def _paste(image, pose):
    red, green, blue, alpha = cv2.split(pose)
    rest = 1 - alpha / 255
    return cv2.add(cv2.multiply(image, cv2.merge([rest] * 3)), cv2.merge([red, green, blue])), alpha > 127.5


def _occlude(random, image, mask):
    """Hide a part of the picture behind a piece of another texture, unless too little of the subject would be left."""
    if random.random() > 0.35:
        return image, mask
    cover = _patch(random, image.shape[0], random.uniform(0.15, 0.4))
    covered, hidden = _paste(image, cover)
    seen = mask & ~hidden
    return (covered, seen) if seen.sum() > 0.6 * mask.sum() else (image, mask)


# ---- what lies behind -----------------------------------------------------------------------------------------------


def _backdrop(random, size):
    image = _texture(random, size)
    for _ in range(random.integers(3)):
        image, _ = _paste(image, _patch(random, size, random.uniform(0.15, 0.6)))
    if random.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), size / 128 * random.uniform(0.5, 2.5))
    return image


def _texture(random, size):
    """A random window of a random background, recolored: float32 [s, s, 3]."""
    levels = _backgrounds()[random.integers(len(_backgrounds()))]
    extent = random.uniform(0.3, 1.0) * min(levels[0].shape[:2])
    free = np.array(levels[0].shape[1::-1]) - extent
    center = extent / 2 + free * random.random(2)
    turn = _turn(random.integers(4) * math.pi / 2 + random.normal(0, 0.1))
    window = _window(levels, center, turn * (extent * _flip(random), extent), size)
    return cv2.transform(window.astype(np.float32), _recolor(random, natural=0.2)[:3] * [1, 1, 1, 255])


def _window(levels, center, across, size):
    """Sample [s, s] pixels of a pyramid; `center` and the two columns of `across` span the window, in pixels of
    level 0."""
    picture, number = _level(levels, abs(across).max() / size)
    step = across / (size * 2**number)
    matrix = np.column_stack([step, center / 2**number - step @ (size / 2, size / 2)])
    return cv2.warpAffine(picture, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                          borderMode=cv2.BORDER_REFLECT)


def _patch(random, size, extent):
    """A rounded or angular piece of texture: float32 RGBA [s, s, 4], premultiplied; `extent` is a share of the side."""
    center = random.uniform(0, size, 2)
    radii = size * extent / 2 * random.uniform(0.6, 1.2, 7)
    angles = np.sort(random.uniform(0, 2 * math.pi, 7))
    alpha = np.zeros((size, size), np.float32)
    if random.random() < 0.5:
        corners = center + np.column_stack([np.cos(angles), np.sin(angles)]) * radii[:, None]
        cv2.fillPoly(alpha, [corners.astype(np.int32)], 1)
    else:
        middle, axes = center.astype(int).tolist(), np.ceil(radii[:2]).astype(int).tolist()
        cv2.ellipse(alpha, middle, axes, math.degrees(angles[0]), 0, 360, 1, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), size / 128 * 0.8)
    return cv2.merge([channel * alpha for channel in cv2.split(_texture(random, size))] + [255 * alpha])


@cache
def _backgrounds():
    found = []
    for name, boxes in BACKGROUNDS.items():
        photo = photo_array(name)
        for left, top, right, bottom in boxes or [(0, 0, photo.shape[1], photo.shape[0])]:
            found.append(_pyramid(photo[top:bottom, left:right]))
    return found


def _photo_crop(random, size, label):
    """A window of an original photo around its subject, and which of its pixels are the subject's."""
    names = [name for name, (_, _, subject) in PHOTOS.items() if subject == SUBJECTS[label]]
    photo, mask, boxes = _photo_pyramids(names[random.integers(len(names))])
    x, y, width, height = boxes[random.integers(len(boxes))]
    longest, limit = max(width, height), 1.2 * min(photo[0].shape[:2])
    widest = 1.5 * longest if len(boxes) == 1 else limit  # of many coins, one or all
    side = min(random.uniform(0.75 * longest, widest), limit)
    stretch = math.exp(random.uniform(-0.25, 0.25))
    room = np.maximum(0.12 * np.array([width, height]), 0.5 * (side - np.array([width, height])))
    center = (x + width / 2, y + height / 2) + random.uniform(-0.6, 0.6, 2) * room
    across = np.diag([side * stretch * _flip(random), side / stretch])
    image = _window(photo, center, across, size).astype(np.float32)
    image = cv2.transform(image, _recolor(random, natural=0.6)[:3] * [1, 1, 1, 255])
    return image, _window(mask, center, across, size) > 127


@cache
def _photo_pyramids(name):
    mask = np.where(instances(name) > 0, 255, 0).astype(np.uint8)
    return _pyramid(photo_array(name)), _pyramid(mask), _boxes(name)


# ---- light and color ------------------------------------------------------------------------------------------------

_TO_YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_TO_RGB = np.linalg.inv(_TO_YIQ)


def _recolor(random, natural):
    """A matrix [4, 4] for premultiplied RGBA that turns the hue, stretches contrast and shifts brightness.

    natural: the share of pictures that keep their own colors. Of the others a quarter turn gray, the rest any hue.
    """
    if random.own_colors:
        return _exposed(random)
    kind = random.random()
    angle, saturation = random.normal(0, 0.08), random.uniform(0.8, 1.2)
    if kind > natural:
        angle, saturation = random.uniform(0, 2 * math.pi), random.uniform(0.5, 1.5)
        if random.random() < 0.25:
            saturation = 0.0
    cos, sin = saturation * math.cos(angle), saturation * math.sin(angle)
    hue = _TO_RGB @ np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]]) @ _TO_YIQ
    contrast, brightness = random.uniform(0.65, 1.3), random.normal(0, 0.08)
    tint = random.uniform(0.65, 1.25, 3) if kind > natural and saturation else np.ones(3)
    matrix = np.eye(4)
    matrix[:3, :3] = contrast * tint[:, None] * hue
    matrix[:3, 3] = 0.45 * (1 - contrast) + brightness
    return matrix


def _exposed(random):
    """A matrix [4, 4] for premultiplied RGBA that keeps the colors: a little more or less contrast and light."""
    contrast = random.uniform(0.85, 1.15)
    matrix = np.eye(4)
    matrix[:3, :3] *= contrast
    matrix[:3, 3] = 0.45 * (1 - contrast) + random.normal(0, 0.03)
    return matrix


def _daylight(random):
    """What natural light does to red, green and blue: warm or cool, dim or bright."""
    warm, bright = random.normal(0, 0.1), math.exp(random.normal(0, 0.2))
    return bright * np.array([1 + warm, 1, 1 - warm])


def _camera(random, image):
    """What happens to the whole picture: uneven light, tint, blur, noise; float32 [s, s, 3] to uint8."""
    size = image.shape[0]
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    across, down = random.uniform(-0.25, 0.25, 2).astype(np.float32)
    light = 1 + across * ramp[None, :] + down * ramp[:, None]
    tints = _daylight(random) if random.own_colors else random.uniform(0.88, 1.12, 3)
    image = cv2.multiply(np.clip(image, 0, 255), cv2.merge([light * tint for tint in tints.astype(np.float32)]))
    if random.random() < 0.12 and not random.own_colors:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    if random.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), size / 128 * random.uniform(0.3, 1.1))
    image = cv2.addWeighted(image, 1, _noise(random, size), random.exponential(5.0), 0)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _noise(random, size):
    """Gaussian noise [s, s, 3], cut from a table at a random place: drawing it anew would take a third of the time."""
    table = _noise_table()
    if size > len(table) // 2:
        return random.standard_normal((size, size, 3), dtype=np.float32)
    x, y = random.integers(len(table) - size, size=2)
    return np.ascontiguousarray(table[y : y + size, x : x + size])


@cache
def _noise_table():
    return np.random.Generator(np.random.Philox(0)).standard_normal((512, 512, 3), dtype=np.float32)
