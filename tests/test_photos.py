"""The original photos and their masks, and what becomes of a user's own picture, whole or broken."""

import io
import struct
import zlib

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.make.cutouts import ELLIPSES, OUTLINES, cut_out
from helpers.photos import PHOTOS, crops, instances, load_image, photo, photo_mask, to_pil

WITH_SUBJECT = [name for name, (_, _, subject) in PHOTOS.items() if subject]


def encoded(image, format="PNG", **options):
    stream = io.BytesIO()
    image.save(stream, format, **options)
    return stream.getvalue()


def flat(mode, color, size=(6, 4)):
    return Image.new(mode, size, color)


# ---- the photos and their masks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PHOTOS)
def test_photo(name):
    image = photo(name)
    assert image.dtype == torch.float32 and image.dim() == 3 and image.shape[0] == 3 and min(image.shape) > 0
    assert 0 <= image.min() < 0.4 and 0.6 < image.max() <= 1
    assert photo(name, 50).shape == (3, 50, 50)


def test_photo_shows_its_subject_in_the_middle():
    rows, columns = np.nonzero(instances("rocket"))
    side = 427
    left = round((columns.min() + columns.max()) / 2 - side / 2)
    assert torch.equal(photo("rocket", side), photo("rocket")[:, :, left : left + side])


@pytest.mark.parametrize("name", WITH_SUBJECT)
def test_photo_mask_is_cropped_as_the_photo(name):
    assert photo_mask(name).shape == photo(name).shape[1:]
    mask = photo_mask(name, 64)
    assert mask.shape == (64, 64) and mask.dtype == torch.bool and 0.02 < mask.float().mean() < 0.95
    assert (mask.float() - photo_mask(name, 128).float().view(64, 2, 64, 2).mean((1, 3))).abs().mean() < 0.05


def test_photo_mask_errors():
    for name in ("dog", "brick"):
        with pytest.raises(ValueError, match="^name: .*" + name):
            photo_mask(name)


def test_photo_errors():
    with pytest.raises(ValueError, match="^name: .*'dog'.*astronaut, officer"):
        photo("dog")
    with pytest.raises(ValueError, match="^size: "):
        photo("cat", 0)


@pytest.mark.parametrize("name", WITH_SUBJECT)
def test_mask_fits_its_photo(name):
    mask = instances(name)
    assert mask.shape == photo(name).shape[1:] or name == "helmet"
    assert 0.01 < (mask > 0).mean() < 0.8
    assert set(np.unique(mask)) == set(range(mask.max() + 1))


def test_masks_know_head_and_coins():
    astronaut = instances("astronaut")
    assert astronaut[100, 230] == 1 and astronaut[400, 150] == 1
    assert astronaut[100, 400] == 0 and astronaut[450, 400] == 0  # the shuttle, the helmet
    assert instances("helmet")[450, 400] == 1
    assert instances("coins").max() == 24


@pytest.mark.parametrize("name", ["rocket", "helmet", "coins", "cup"])
def test_masks_can_be_rebuilt(name):
    rebuilt, kept = cut_out(name), instances(name)
    for number in range(1, kept.max() + 1):
        one, other = rebuilt == number, kept == number
        assert (one & other).sum() > 0.99 * (one | other).sum()
    assert {*OUTLINES, *ELLIPSES} == set(WITH_SUBJECT)


# ---- a user's own picture -------------------------------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same(tmp_path):
    noise = torch.randint(256, (3, 20, 30), generator=torch.Generator().manual_seed(0)) / 255
    data = encoded(to_pil(noise))
    path = tmp_path / "noise.png"
    path.write_bytes(data)
    for source in (path, str(path), data, bytearray(data), memoryview(data), to_pil(noise)):
        assert torch.equal(load_image(source), noise)


def test_size_takes_the_square_at_the_center():
    image = load_image(to_pil(torch.rand(3, 20, 30, generator=torch.Generator().manual_seed(0))))
    assert torch.equal(load_image(to_pil(image), 20), image[:, :, 5:25])
    assert load_image(to_pil(image), 7).shape == (3, 7, 7)
    with pytest.raises(ValueError, match="^size: "):
        load_image(to_pil(image), 0)


@pytest.mark.parametrize("image, color", [
    (flat("RGB", (255, 0, 51)), (1, 0, 0.2)),
    (flat("L", 51), (0.2, 0.2, 0.2)),
    (flat("1", 1), (1, 1, 1)),
    (flat("1", 0), (0, 0, 0)),
    (flat("P", 0).convert("P"), (0, 0, 0)),
    (flat("RGBA", (255, 0, 0, 0)), (1, 1, 1)),
    (flat("RGBA", (255, 0, 0, 255)), (1, 0, 0)),
    (flat("RGBA", (255, 0, 0, 51)), (1, 0.8, 0.8)),
    (flat("LA", (0, 0)), (1, 1, 1)),
    (flat("LA", (0, 255)), (0, 0, 0)),
    (flat("I;16", 13107), (0.2, 0.2, 0.2)),
    (flat("I;16", 4369), (1 / 15, 1 / 15, 1 / 15)),
    (flat("I;16", 65535), (1, 1, 1)),
], ids=lambda value: f"{value.mode}{value.getpixel((0, 0))}" if isinstance(value, Image.Image) else "")
def test_modes(image, color):
    for source in (image, encoded(image)):
        found = load_image(source)
        assert found.shape == (3, 4, 6)
        assert (found - torch.tensor(color)[:, None, None]).abs().max() < 1.5 / 255


@pytest.mark.parametrize("white", [1, 255, 65535])
def test_a_float_picture_keeps_its_brightness_despite_a_spike(white):
    gray = np.asarray(to_pil(photo("cat", 64)).convert("L"), dtype=np.float32) / 255 * white
    spiked = gray.copy()
    spiked[0, 0], spiked[0, 1] = 1.001 * white, np.nan
    for pixels in (gray, spiked):
        found = load_image(encoded(Image.fromarray(pixels), "TIFF"))
        assert found.mean().item() == pytest.approx(gray.mean() / white, abs=0.01)


def test_twelve_bits_in_sixteen_are_not_black():
    gray = np.asarray(to_pil(photo("cat", 64)).convert("L"), dtype=np.float32) / 255
    with pytest.warns(UserWarning, match="12 bits"):
        found = load_image(encoded(Image.fromarray((gray * 4095).astype(np.uint16)), "TIFF"))
    assert found.mean().item() == pytest.approx(gray.mean(), abs=0.01)


@pytest.mark.parametrize("brand", [b"heic", b"mif1"])
def test_an_iphones_photo_says_what_to_do(tmp_path, brand):
    data = b"\x00\x00\x00\x24ftyp" + brand + bytes(2000)
    (tmp_path / "photo.jpg").write_bytes(data)
    for source in (data, tmp_path / "photo.jpg", str(tmp_path / "photo.jpg")):
        with pytest.raises(ValueError, match="HEIC.*export it as JPEG"):
            load_image(source)


def test_palette_with_transparency():
    image = flat("P", 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((0, 0), 1)
    for format in ("PNG", "GIF"):
        found = load_image(encoded(image, format, transparency=1))
        assert found[:, 0, 0].tolist() == [1, 1, 1] and found[:, 1, 1].tolist() == [1, 0, 0]


def test_transparent_color_becomes_white():
    image = flat("RGB", (0, 0, 255))
    image.putpixel((0, 0), (255, 0, 0))
    found = load_image(encoded(image, transparency=(255, 0, 0)))
    assert found[:, 0, 0].tolist() == [1, 1, 1] and found[:, 1, 1].tolist() == [0, 0, 1]


def test_cmyk():
    found = load_image(encoded(flat("CMYK", (0, 255, 255, 0), (16, 16)), "JPEG"))
    assert (found.mean((1, 2)) - torch.tensor([1.0, 0, 0])).abs().max() < 0.03


@pytest.mark.parametrize("orientation, shape, corner", [(3, (32, 48), (-4, -4)), (6, (48, 32), (4, -4)), (8, (48, 32), (-4, 4))])
@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_exif_orientation(format, orientation, shape, corner):
    image = flat("RGB", "black", (48, 32))
    image.paste("white", (0, 0, 16, 16))  # the stored picture is white at its top left
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = load_image(encoded(image, format, exif=exif))
    assert found.shape[1:] == shape
    bright = {(y, x) for y in (4, -4) for x in (4, -4) if found[0, y, x] > 0.5}
    assert bright == {corner}


def png_that_claims(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9999))) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore:Image size")
@pytest.mark.parametrize("width, height", [(8000, 7000), (10_000, 10_000), (100_000, 100_000)])
def test_far_too_many_pixels(width, height):
    with pytest.raises(ValueError, match="^source: .*at most 50 million"):
        load_image(png_that_claims(width, height))


CAT = to_pil(photo("cat", 100))
BROKEN = {
    "no bytes": b"",
    "a text": b"This is not a picture.",
    "a truncated JPEG": encoded(CAT, "JPEG")[:1500],
    "a truncated PNG": encoded(CAT)[:5000],
    "a PNG's header alone": encoded(CAT)[:33],
    "a PNG with less in it than it claims": png_that_claims(500, 500),
    "a damaged PPM": b"P6 1x0 100 255\n" + bytes(30000),
    "a truncated AVIF": encoded(CAT, "AVIF")[:1000],
    "a truncated GIF": encoded(CAT, "GIF")[:2000],
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_pictures(data, tmp_path):
    path = tmp_path / "broken"
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(ValueError, match="^source: "):
            load_image(source)


@pytest.mark.parametrize("source", [None, 3, np.zeros((4, 4, 3))])
def test_what_is_no_source(source):
    with pytest.raises(TypeError, match="^source: "):
        load_image(source)


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="^source: .*cat.png"):
        load_image(tmp_path / "cat.png")
    with pytest.raises(ValueError, match="^source: "):
        load_image(tmp_path)


# ---- back to 8 bits -------------------------------------------------------------------------------------------------


def test_to_pil():
    image = torch.tensor([0.0, 0.5, 1.0, -3.0, 7.0, 0.2]).expand(3, 1, 6)
    expected = [0, 128, 255, 0, 255, 51]
    for tensor in (image, image[None], image.clone().requires_grad_()):
        assert np.array(to_pil(tensor))[0, :, 0].tolist() == expected


@pytest.mark.parametrize("shape", [(4, 4), (1, 4, 4), (2, 3, 4, 4)])
def test_to_pil_errors(shape):
    with pytest.raises(ValueError, match="^image: "):
        to_pil(torch.zeros(shape))


def test_crops_take_turns_and_keep_to_their_seed():
    squares, names = crops(50, 32)
    assert squares.shape == (50, 3, 32, 32) and squares.min() >= 0 and squares.max() <= 1
    assert names == (list(PHOTOS) * 3)[:50]
    assert torch.equal(squares[:7], crops(7, 32)[0]) and not torch.equal(squares[:7], crops(7, 32, seed=1)[0])
    assert (squares[0] - squares[len(PHOTOS)]).abs().mean() > 0.02, "another place of the same photo"
