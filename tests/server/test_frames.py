"""What everyone sees of a frame: upright, in the colours of sRGB, whatever its mode."""

import base64
import io
import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms, ImageOps

from server import frames
from server.frames import clean, nature

CORNERS = ((0, 0), (-1, 0), (0, -1), (-1, -1))


def colourful() -> Image.Image:
    """Each quarter of another colour, wider than high."""
    image = Image.new("RGB", (64, 48), "red")
    image.paste("lime", (32, 0, 64, 24))
    image.paste("blue", (0, 24, 32, 48))
    image.paste("white", (32, 24, 64, 48))
    return image


def corners(image: Image.Image) -> list[object]:
    shown = image.convert("RGB")
    return [shown.getpixel((x % shown.width, y % shown.height)) for x, y in CORNERS]


def swapped() -> bytes:
    """A profile like that of sRGB in which red and green have changed places."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    return profile.replace(b"rXYZ", b"none").replace(b"gXYZ", b"rXYZ").replace(b"none", b"gXYZ")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_camera(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    colourful().save(tmp_path / "photo", "PNG", exif=exif)
    with Image.open(tmp_path / "photo") as source:
        upright = clean(source.copy(), nature(source))
        expected = ImageOps.exif_transpose(source)
    assert (upright.size, corners(upright)) == (expected.size, corners(expected))
    assert upright.size == ((64, 48) if orientation < 5 else (48, 64))


def test_an_exif_that_cannot_be_read_turns_nothing(tmp_path: Path) -> None:
    colourful().save(tmp_path / "photo", "JPEG", exif=b"Exif\0\0nonsense of a camera")
    with Image.open(tmp_path / "photo") as source:
        assert nature(source).turn is None


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_the_colours_of_another_profile(mode: str) -> None:
    image = colourful().convert(mode)
    red, lime, blue, white = corners(clean(image, frames.Nature(None, swapped())))
    for seen, wanted in ((red, (0, 255, 0)), (lime, (255, 0, 0)), (blue, (0, 0, 255))):
        assert seen == pytest.approx(wanted, abs=3)
    assert white == pytest.approx((255, 255, 255), abs=3)


@pytest.mark.parametrize("profile", [b"nonsense", swapped()[:200]])
def test_a_broken_profile_changes_nothing(profile: bytes) -> None:
    image = colourful()
    assert corners(clean(image, frames.Nature(None, profile))) == corners(image)


def test_a_profile_of_srgb_leaves_a_palette_as_it_is() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert clean(colourful().convert("P"), frames.Nature(None, profile)).mode == "P"


def test_what_is_printed_is_shown() -> None:
    image = colourful().convert("CMYK")
    assert clean(image, frames.Nature(None, None)).mode == "RGB"
    assert clean(image, frames.Nature(None, swapped())).mode == "RGB"


def test_sixteen_bits_are_shown_as_their_upper_eight() -> None:
    image = Image.frombytes("I;16", (4, 1), struct.pack("<4H", 0, 0x4000, 0x8000, 0xFFFF))
    shown = frames.shown(image)
    assert [shown.getpixel((x, 0)) for x in range(4)] == [0, 0x40, 0x80, 0xFF]


@pytest.mark.parametrize(
    ("size", "scaled"),
    [((640, 480), (320, 240)), ((3000, 1), (320, 1)), ((20, 10), (20, 10))],
)
def test_scaled(size: tuple[int, int], scaled: tuple[int, int]) -> None:
    assert frames.scaled(Image.new("RGB", size), 320).size == scaled


def test_a_placeholder_is_small_and_keeps_what_is_clear() -> None:
    image = colourful().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    text = frames.placeholder(image)
    assert len(text) < 500
    with Image.open(io.BytesIO(base64.b64decode(text))) as small:
        assert (small.format, small.size, small.mode) == ("WEBP", (20, 15), "RGBA")
        assert small.getpixel((1, 7))[3] < 30 and small.getpixel((18, 7))[3] > 225
