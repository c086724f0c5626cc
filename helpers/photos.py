"""The original photos, which ship inside scikit-image, scikit-learn and matplotlib, and a user's own pictures."""

import io
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

DATA = Path(__file__).resolve().parent.parent / "data"

# name -> (package, file, subject that the photo shows; None: a background)
PHOTOS = {
    "astronaut": ("skimage", "data/astronaut.png", "person"),
    "officer": ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "person"),
    "cameraman": ("skimage", "data/camera.png", "person"),
    "cat": ("skimage", "data/chelsea.png", "cat"),
    "cup": ("skimage", "data/coffee.png", "cup"),
    "coins": ("skimage", "data/coins.png", "coin"),
    "motorcycle": ("skimage", "data/motorcycle_left.png", "motorcycle"),
    "pagoda": ("sklearn.datasets", "images/china.jpg", "pagoda"),
    "flower": ("sklearn.datasets", "images/flower.jpg", "flower"),
    "rocket": ("skimage", "data/rocket.jpg", "rocket"),
    "retina": ("skimage", "data/retina.jpg", "retina"),
    "helmet": ("skimage", "data/astronaut.png", "helmet"),
    "brick": ("skimage", "data/brick.png", None),
    "grass": ("skimage", "data/grass.png", None),
    "gravel": ("skimage", "data/gravel.png", None),
    "galaxies": ("skimage", "data/hubble_deep_field.jpg", None),
    "tissue": ("skimage", "data/ihc.png", None),
    "moon": ("skimage", "data/moon.png", None),
    "page": ("skimage", "data/page.png", None),
    "text": ("skimage", "data/text.png", None),
    "color wheel": ("skimage", "data/color.png", None),
}


@cache
def photo_array(name):
    """An original photo as uint8 [H, W, 3]; read-only."""
    if name not in PHOTOS:
        raise ValueError(f"name: no photo {name!r}; choose from {', '.join(PHOTOS)}")
    package, file, _ = PHOTOS[name]
    pixels = np.asarray(Image.open(files(package) / file).convert("RGB"))
    pixels.setflags(write=False)
    return pixels


@cache
def instances(name):
    """Which pixels of an original photo show its subject: uint8 [H, W], 0 for none, else the instance's number."""
    path = DATA / "masks" / f"{name}.png"
    if not path.exists():
        raise FileNotFoundError(f"{path.name} is missing in data/masks: `python -m helpers.make.cutouts` rebuilds it")
    return np.asarray(Image.open(path))


def photo(name, size=None):
    """An original photo: float32 [3, H, W] in [0, 1]; with `size`, the square [3, size, size] around its subject.

    Raises ValueError if there is no such photo or `size` is below 1.
    """
    return _square(name, photo_array(name), size, Image.Resampling.LANCZOS)


def photo_mask(name, size=None):
    """Which pixels of `photo(name, size)` show its subject: bool [H, W].

    Raises ValueError if the photo shows none of the subjects, or `size` is below 1.
    """
    if PHOTOS.get(name, (None,) * 3)[2] is None:
        raise ValueError(f"name: no photo {name!r} with a subject")
    mask = np.where(instances(name) > 0, np.uint8(255), np.uint8(0))
    return _square(name, mask[..., None].repeat(3, axis=2), size, Image.Resampling.BILINEAR)[0] > 0.5


def crops(count, size, seed=0):
    """Squares of the original photos, from a quarter of the shorter side up to all of it, photo by photo in turn:
    (pictures [count, 3, size, size] in [0, 1], the name of each one's photo)."""
    random, names, found = torch.Generator().manual_seed(seed), [], []
    for i in range(count):
        names.append(list(PHOTOS)[i % len(PHOTOS)])
        whole = photo(names[-1])
        u, v, scale = torch.rand(3, generator=random).tolist()
        side = int(min(whole.shape[1:]) / 4**scale)
        top, left = (int(part * (length - side)) for part, length in zip((u, v), whole.shape[1:]))
        found.append(load_image(to_pil(whole[:, top : top + side, left : left + side]), size))
    return torch.stack(found), names


def _square(name, pixels, size, resampling):
    middle = None
    if name == "helmet":
        pixels = pixels[300:512, 262:512]
    elif PHOTOS[name][2]:
        rows, columns = np.nonzero(instances(name))
        middle = ((columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2)
    return _to_tensor(Image.fromarray(pixels), size, middle, resampling)


def load_image(source, size=None):
    """A user's own picture: float32 [3, H, W] in [0, 1]; with `size`, the square [3, size, size] at its center.

    source: a path, the bytes of a file, or a PIL picture. It is turned upright as its EXIF data say; transparent parts
    become white, and gray, 16-bit, float and CMYK pictures become RGB. Floats are taken from 0 to 1, 255, 4095 or
    65535, whatever fits nearly all of them; 16-bit pictures that stay below 4096 are taken as 12 bits, with a warning.
    Raises FileNotFoundError, TypeError if the source is none of these, or ValueError if it is not a whole picture, has
    more than 50 million pixels, or is a HEIC file.
    """
    if not isinstance(source, (str, Path, bytes, bytearray, memoryview, Image.Image)):
        raise TypeError(f"source: a path, bytes or a PIL picture is needed, got {type(source).__name__}")
    data = isinstance(source, (bytes, bytearray, memoryview))
    try:
        image = source if isinstance(source, Image.Image) else Image.open(io.BytesIO(source) if data else source)
        fits = image.width * image.height <= 50_000_000
        if fits:
            image = _to_rgb(ImageOps.exif_transpose(image))
    except FileNotFoundError:
        raise FileNotFoundError(f"source: there is no file {source}") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        fits = False
    except UnidentifiedImageError:
        raise ValueError(f"source: {_unread(source)}") from None
    except Exception as error:  # Pillow's readers raise many kinds on broken data
        raise ValueError(f"source: not a picture that can be read to its end ({error})") from None
    if not fits:
        raise ValueError("source: the picture has far too many pixels; at most 50 million are read")
    return _to_tensor(image, size)


def to_pil(image):
    """A tensor [3, H, W] or [1, 3, H, W] in [0, 1] (values beyond are clipped) as an 8-bit PIL picture."""
    image = image.detach().cpu().squeeze(0) if image.dim() == 4 else image.detach().cpu()
    if image.dim() != 3 or image.shape[0] != 3:
        raise ValueError(f"image: a tensor [3, H, W] is needed, got {list(image.shape)}")
    return Image.fromarray((image.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0).numpy())


def _to_rgb(image):
    if image.mode.startswith("I") or image.mode == "F":
        gray = np.nan_to_num(np.asarray(image, dtype=np.float64))
        gray = gray / _white(gray, image.mode)
        image = Image.fromarray((255 * gray.clip(0, 1)).round().astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def _white(gray, mode):
    """Which value is white in a deep picture, for its file does not say."""
    if mode.startswith("I;16"):
        if gray.max() < 4096:
            warnings.warn("source: its 16-bit values stay below 4096, so they are taken as 12 bits", stacklevel=4)
        return 4095 if gray.max() < 4096 else 65535
    most = np.quantile(gray, 0.99)
    return next((white for white in (1, 255, 4095) if most <= white), 65535)


def _unread(source):
    """What is wrong with a file that Pillow can't identify."""
    head = Path(source).open("rb").read(12) if isinstance(source, (str, Path)) else bytes(source[:12])
    if head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return "a HEIC picture, as iPhones save them, can't be read here: export it as JPEG or PNG"
    return "not a picture in a format that can be read"


def _to_tensor(image, size, middle=None, resampling=Image.Resampling.LANCZOS):
    if size is not None:
        if size < 1:
            raise ValueError(f"size: at least 1 is needed, got {size}")
        side = min(image.size)
        x, y = middle or (image.width / 2, image.height / 2)
        left = min(max(0, round(x - side / 2)), image.width - side)
        top = min(max(0, round(y - side / 2)), image.height - side)
        image = image.resize((size, size), resampling, box=(left, top, left + side, top + side))
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).float().div(255)
