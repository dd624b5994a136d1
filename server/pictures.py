"""An uploaded picture, decoded wholly and made anew from its pixels: nothing else of it stays.

What is opened is JPEG, PNG, GIF, WebP, AVIF and HEIF, and no other decoder is ever reached. The
format stays where browsers show it; what is animated stays animated, with its times.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import (
    AvifImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from models.errors import TooLarge
from server.frames import Nature, clean, nature, placeholder, scaled, shown, webp
from server.verdict import Verdict, kept_beside, thumb_beside

MAX_PIXELS = 40_000_000
MAX_PIXELS_ALL = 80_000_000  # of all frames; 17 million of the noisiest GIF take 3 s
HURRY_PIXELS = 16_000_000  # above them, time counts for more than bytes

THUMB_SIDE = 320
THUMB_QUALITY = 75
OWN_THUMB_BYTES = 32 << 10  # a small picture of no more is its own; small animations are more

PLUGINS = (
    JpegImagePlugin.JpegImageFile,
    PngImagePlugin.PngImageFile,
    GifImagePlugin.GifImageFile,
    WebPImagePlugin.WebPImageFile,
    AvifImagePlugin.AvifImageFile,
    pillow_heif.HeifImageFile,
)
FORMATS = tuple(plugin.format for plugin in PLUGINS)
ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")  # a HEIF or a JPEG of several pictures is its first

pillow_heif.register_heif_opener(thumbnails=False)
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2  # Pillow refuses what is more than twice that
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # a second one costs 150 MB more and hardly helps


@dataclass(slots=True)
class Moment:
    """A frame and how long it is shown."""

    frame: Image.Image
    ms: int


@dataclass(frozen=True, slots=True)
class Picture:
    """All of a picture that is kept."""

    format: str
    moments: list[Moment]
    nature: Nature
    options: dict[str, Any]  # how to save it


def look(path: Path, *, max_bytes: int) -> Verdict | None:
    """Make the clean picture and its thumbnail beside `path`; None where it is not one of these.

    Raises TooLarge, OSError of the disk, and anything else for a picture that is broken.
    """
    picture = _read(path, max_bytes)
    if picture is None:
        return None
    for moment in picture.moments:
        moment.frame = clean(moment.frame, picture.nature)
    kept = _encoded(picture)
    kept_beside(path).write_bytes(kept)
    seen = shown(picture.moments[0].frame)
    small = scaled(seen, THUMB_SIDE)
    thumb = webp(small, quality=THUMB_QUALITY)
    is_light = len(kept) <= max(OWN_THUMB_BYTES, len(thumb))
    is_needed = small.size != seen.size or not is_light
    if is_needed:
        thumb_beside(path).write_bytes(thumb)
    return Verdict(
        "image",
        Image.MIME[picture.format],
        width=seen.width,
        height=seen.height,
        thumb=is_needed,
        placeholder=placeholder(small),
    )


def _read(path: Path, max_bytes: int) -> Picture | None:
    try:
        with Image.open(path, formats=FORMATS) as source:
            if 0 < max_bytes < path.stat().st_size:
                raise TooLarge
            moments = list(_moments(source))
            format = _kept_format(moments, source)
            # What else is done is done when `source` is gone, which may hold 640 MB.
            return Picture(format, moments, nature(source), _options(format, moments, source))
    except UnidentifiedImageError:
        return None
    except Image.DecompressionBombError:
        raise TooLarge from None


def _moments(source: Image.Image) -> Iterator[Moment]:
    """Raises TooLarge when they are too many."""
    count = getattr(source, "n_frames", 1) if source.format in ANIMATED else 1
    # The default image of an animated PNG may be for those only who do not see the animation.
    first = 1 if count > 1 and source.info.get("default_image") else 0
    for number in range(first, count):
        source.seek(number)
        if count * source.width * source.height > MAX_PIXELS_ALL:  # a frame of a GIF may be larger
            raise TooLarge
        source.load()
        yield Moment(source.copy(), round(source.info.get("duration", 0)))


def _kept_format(moments: list[Moment], source: Image.Image) -> str:
    frame = moments[0].frame
    is_heavy = frame.width * frame.height > HURRY_PIXELS  # 40 megapixels of AVIF take 1.2 GiB
    if source.format == "HEIF" or (source.format == "AVIF" and is_heavy):
        return "WEBP" if frame.has_transparency_data or len(moments) > 1 else "JPEG"
    return "JPEG" if source.format == "MPO" else str(source.format)


def _options(format: str, moments: list[Moment], source: Image.Image) -> dict[str, Any]:
    """How to save it in that format."""
    pixels = sum(moment.frame.width * moment.frame.height for moment in moments)
    in_hurry = pixels > HURRY_PIXELS
    loop = {"loop": source.info["loop"]} if "loop" in source.info else {}
    match format:
        case "PNG":
            return loop | {"compress_level": 3 if in_hurry else 6}
        case "GIF":
            # A frame cannot make transparent what the one before has drawn, unless that is cleared.
            is_clear = any(moment.frame.has_transparency_data for moment in moments)
            return loop | ({"disposal": 2} if is_clear and len(moments) > 1 else {})
        case "WEBP":
            return loop | {"quality": 80, "method": 2 if in_hurry else 4}
        case "AVIF":
            return {"quality": 75, "speed": 9}
    if isinstance(source, JpegImagePlugin.JpegImageFile):
        return _as_before(source)
    return {"quality": 90}


def _as_before(source: JpegImagePlugin.JpegImageFile) -> dict[str, Any]:
    """The coarseness of the original, so that it gets neither worse nor heavier than need be."""
    how = {"optimize": True, "progressive": bool(source.info.get("progressive"))}
    tables = source.quantization
    if list(tables) != list(range(len(tables))):
        return how | {"quality": 90}
    return how | {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(source)}


def _encoded(picture: Picture) -> bytes:
    out = io.BytesIO()
    first, *others = picture.moments
    if others:
        first.frame.save(
            out,
            picture.format,
            save_all=True,
            append_images=[moment.frame for moment in others],
            duration=[moment.ms for moment in picture.moments],
            **picture.options,
        )
    else:
        first.frame.save(out, picture.format, **picture.options)
    return out.getvalue()
