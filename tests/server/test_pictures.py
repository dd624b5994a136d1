"""A picture is made anew: its pixels and times stay, all else goes; too much of it is refused."""

import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from models.errors import TooLarge
from server import pictures
from server.decoding import judge
from server.verdict import Verdict, kept_beside, thumb_beside
from tests.media import png

pillow_heif.register_heif_opener()

SECRET = "Jane Doe, Elm Street 5"
GPS = (52.0, 7.0, 30.0)
RED, LIME, BLUE = "red", "lime", "blue"


def judged(path: Path, *, max_bytes: int = 0) -> Verdict:
    return judge(path, max_image_bytes=max_bytes, voice_seconds=60)


def saved(path: Path, image: Image.Image, format: str, **options: Any) -> Path:
    image.save(path, format, **options)
    return path


def patterned(width: int = 64, height: int = 48) -> Image.Image:
    """What no format packs to nothing."""
    return Image.effect_noise((width, height), 60).convert("RGB")


def frames(path: Path) -> list[tuple[int, Any]]:
    """How long each is shown, and the pixel in its middle."""
    with Image.open(path) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            pixel = image.convert("RGBA").getpixel((image.width // 2, image.height // 2))
            found.append((round(image.info["duration"]), pixel))
        return found


def telling() -> dict[str, Any]:
    """Where, by whom and what it was taken for."""
    exif = Image.Exif()
    exif[0x013B] = SECRET
    exif.get_ifd(0x8825).update({1: "N", 2: GPS, 3: "W", 4: GPS})
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{SECRET}</x:xmpmeta>".encode()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", SECRET)
    notes.add_itxt("XML:com.adobe.xmp", xmp.decode())
    iptc = b"Photoshop 3.0\0" + SECRET.encode()
    return {
        "exif": exif.tobytes(),
        "xmp": xmp,
        "comment": SECRET,
        "pnginfo": notes,
        "extra": b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc,
    }


@pytest.mark.parametrize(
    ("format", "kept_format", "mime"),
    [
        ("JPEG", "JPEG", "image/jpeg"),
        ("PNG", "PNG", "image/png"),
        ("GIF", "GIF", "image/gif"),
        ("WEBP", "WEBP", "image/webp"),
        ("AVIF", "AVIF", "image/avif"),
        ("HEIF", "JPEG", "image/jpeg"),
    ],
)
def test_pixels_stay_and_what_is_told_besides_goes(
    tmp_path: Path, format: str, kept_format: str, mime: str
) -> None:
    came = saved(tmp_path / "came", Image.new("RGB", (640, 480), "teal"), format, **telling())
    assert SECRET.encode() in came.read_bytes()
    seen = judged(came)
    assert (seen.kind, seen.mime, seen.width, seen.height) == ("image", mime, 640, 480)
    kept = kept_beside(came).read_bytes()
    assert SECRET.encode() not in kept and b"Exif" not in kept
    with Image.open(kept_beside(came)) as image:
        assert (image.format, image.size, dict(image.getexif())) == (kept_format, (640, 480), {})
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & image.info.keys()
        assert image.convert("RGB").getpixel((9, 9)) == pytest.approx((0, 128, 128), abs=4)


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_what_is_animated_stays_animated_with_its_times(tmp_path: Path, format: str) -> None:
    images = [Image.new("RGB", (64, 48), color) for color in (RED, LIME, BLUE)]
    times = [40, 500, 120]
    options = {"save_all": True, "append_images": images[1:], "duration": times, "loop": 3}
    came = saved(tmp_path / "came", images[0], format, **options)
    assert judged(came).kind == "image"
    kept = frames(kept_beside(came))
    assert [time for time, _ in kept] == times
    for (_, pixel), color in zip(kept, ((255, 0, 0), (0, 255, 0), (0, 0, 255)), strict=True):
        assert pixel[:3] == pytest.approx(color, abs=12)
    if format != "AVIF":  # which has no count of its rounds
        with Image.open(kept_beside(came)) as image:
            assert image.info["loop"] == 3


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_what_becomes_clear_again_in_an_animation_is_clear(tmp_path: Path, format: str) -> None:
    clear = Image.new("RGBA", (64, 48))
    drawn = clear.copy()
    drawn.paste(RED, (16, 12, 48, 36))
    options = {"save_all": True, "append_images": [drawn, clear], "duration": 100}
    came = saved(tmp_path / "came", clear, format, disposal=2 if format == "GIF" else 0, **options)
    assert judged(came).kind == "image"
    assert [pixel[3] for _, pixel in frames(kept_beside(came))] == [0, 255, 0]


def test_a_still_for_who_cannot_see_the_animation_is_none_of_its_frames(tmp_path: Path) -> None:
    still, *images = (Image.new("RGB", (64, 48), color) for color in ("gray", RED, LIME))
    came = saved(
        tmp_path / "came",
        still,
        "PNG",
        save_all=True,
        append_images=images,
        duration=100,
        default_image=True,
    )
    judged(came)
    assert [pixel[:3] for _, pixel in frames(kept_beside(came))] == [(255, 0, 0), (0, 255, 0)]


def test_a_heif_that_is_clear_in_places_becomes_webp(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 48), RED)
    image.paste((0, 0, 0, 0), (0, 0, 32, 48))
    assert judged(saved(tmp_path / "came", image, "HEIF")).mime == "image/webp"
    with Image.open(kept_beside(tmp_path / "came")) as kept:
        assert [kept.getpixel((x, 20))[3] for x in (5, 60)] == [0, 255]


def test_a_large_avif_becomes_jpeg_or_webp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "HURRY_PIXELS", 64 * 48 - 1)
    assert judged(saved(tmp_path / "came", patterned(), "AVIF")).mime == "image/jpeg"
    fine = saved(tmp_path / "fine", patterned(), "JPEG", quality=90)
    with Image.open(fine) as wanted, Image.open(kept_beside(tmp_path / "came")) as kept:
        assert kept.quantization == wanted.quantization
    options = {"save_all": True, "append_images": [patterned()], "duration": 80}
    assert judged(saved(tmp_path / "came", patterned(), "AVIF", **options)).mime == "image/webp"
    assert [time for time, _ in frames(kept_beside(tmp_path / "came"))] == [80, 80]


def test_a_jpeg_is_as_coarse_as_it_was(tmp_path: Path) -> None:
    came = saved(
        tmp_path / "came", patterned(), "JPEG", quality=37, subsampling="4:2:2", progressive=True
    )
    judged(came)
    with Image.open(came) as before, Image.open(kept_beside(came)) as after:
        assert after.quantization == before.quantization
        assert after.layer == before.layer and after.info["progressive"]


def test_a_jpeg_of_several_pictures_is_its_first(tmp_path: Path) -> None:
    images = [patterned(), Image.new("RGB", (32, 24))]
    came = saved(tmp_path / "came", images[0], "MPO", save_all=True, append_images=images[1:])
    assert judged(came).mime == "image/jpeg"
    with Image.open(kept_beside(came)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (64, 48))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
def test_png_keeps_its_mode(tmp_path: Path, mode: str) -> None:
    image = patterned(8, 8).convert("L").convert(mode) if mode != "P" else patterned().quantize(7)
    judged(saved(tmp_path / "came", image, "PNG"))
    with Image.open(kept_beside(tmp_path / "came")) as kept:
        assert (kept.mode, kept.tobytes()) == (mode, image.tobytes())


def test_a_thumbnail_of_320_pixels_for_what_is_larger(tmp_path: Path) -> None:
    seen = judged(saved(tmp_path / "came", patterned(480, 640), "PNG"))
    assert seen.thumb and seen.placeholder is not None and len(seen.placeholder) < 500
    with Image.open(thumb_beside(tmp_path / "came")) as thumb:
        assert (thumb.format, thumb.size) == ("WEBP", (240, 320))


def test_a_small_picture_has_one_only_if_it_is_heavy(tmp_path: Path) -> None:
    light = judged(saved(tmp_path / "light", patterned(), "PNG"))
    assert not light.thumb and not thumb_beside(tmp_path / "light").exists()
    heavy = saved(tmp_path / "heavy", patterned(320, 320), "PNG")
    assert judged(heavy).thumb
    assert thumb_beside(heavy).stat().st_size < kept_beside(heavy).stat().st_size


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "HEIF"])
def test_one_that_breaks_off_is_a_file(tmp_path: Path, format: str) -> None:
    came = saved(tmp_path / "came", patterned(), format)
    whole = came.read_bytes()
    for size in (len(whole) // 2, len(whole) - 40):
        came.write_bytes(whole[:size])
        assert judged(came).kind == "file"


def test_an_animation_that_breaks_off_is_a_file(tmp_path: Path) -> None:
    came = saved(tmp_path / "came", patterned(), "GIF", save_all=True, append_images=[patterned()])
    came.write_bytes(came.read_bytes()[:-40])
    assert judged(came).kind == "file"


@pytest.mark.parametrize("format", ["JPEG", "GIF"])
def test_what_lies_behind_a_picture_is_not_kept(tmp_path: Path, format: str) -> None:
    came = saved(tmp_path / "came", patterned(), format)
    with zipfile.ZipFile(came, "a") as behind:
        behind.writestr("run.js", "<script>alert(1)</script>")
    assert zipfile.is_zipfile(came) and judged(came).kind == "image"
    kept = kept_beside(came)
    assert not zipfile.is_zipfile(kept) and b"script" not in kept.read_bytes()


def test_a_script_that_begins_like_a_picture_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)")
    assert judged(tmp_path / "came").kind == "file"


@pytest.mark.parametrize("format", ["TIFF", "BMP", "ICO", "EPS", "PPM", "TGA"])
def test_other_pictures_are_files(tmp_path: Path, format: str) -> None:
    assert judged(saved(tmp_path / "came", patterned(32, 32), format)).kind == "file"


def test_a_header_that_claims_too_many_pixels(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(claiming(100_000, 100_000))
    with pytest.raises(TooLarge):
        judged(tmp_path / "came")


def test_more_than_40_megapixels(tmp_path: Path) -> None:
    came = saved(tmp_path / "came", Image.new("1", (8001, 5000)), "PNG")
    assert came.stat().st_size < 10_000
    with pytest.raises(TooLarge):
        judged(came)


def test_a_frame_that_goes_beyond_its_picture(tmp_path: Path) -> None:
    data = bytearray(saved(tmp_path / "came", Image.new("P", (10, 10)), "GIF").read_bytes())
    at = data.index(b"," + struct.pack("<HHHH", 0, 0, 10, 10)) + 5
    data[at : at + 4] = struct.pack("<HH", 65_000, 65_000)
    (tmp_path / "came").write_bytes(data)
    with pytest.raises(TooLarge):
        judged(tmp_path / "came")


@pytest.mark.parametrize("format", ["GIF", "PNG"])
def test_more_pixels_than_may_be_in_all_frames(
    tmp_path: Path, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [Image.new("L", (64, 48), shade) for shade in (0, 99, 255)]
    came = saved(tmp_path / "came", images[0], format, save_all=True, append_images=images[1:])
    monkeypatch.setattr(pictures, "MAX_PIXELS_ALL", 3 * 64 * 48)
    assert judged(came).kind == "image"
    monkeypatch.setattr(pictures, "MAX_PIXELS_ALL", 3 * 64 * 48 - 1)
    with pytest.raises(TooLarge):
        judged(came)


def test_more_bytes_than_an_image_may_have(tmp_path: Path) -> None:
    came = tmp_path / "came"
    came.write_bytes(png())
    size = came.stat().st_size
    assert judged(came, max_bytes=size).kind == "image"
    with pytest.raises(TooLarge):
        judged(came, max_bytes=size - 1)
    came.write_bytes(b"%PDF-1.7\n" + bytes(size))
    assert judged(came, max_bytes=size).kind == "file"


def claiming(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it is so large."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100))), (b"IEND", b""))
    out = io.BytesIO()
    out.write(b"\x89PNG\r\n\x1a\n")
    for kind, data in pieces:
        out.write(struct.pack(">I", len(data)) + kind + data)
        out.write(struct.pack(">I", zlib.crc32(kind + data)))
    return out.getvalue()
