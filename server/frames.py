"""One frame of a picture, brought to what everyone sees alike: upright, in sRGB, only pixels."""

import base64
import contextlib
import io
from dataclasses import dataclass

from PIL import ExifTags, Image, ImageCms, ImageFilter

PLACEHOLDER_SIDE = 20
PLACEHOLDER_BLUR = 1.0  # pixels

SRGB = ImageCms.createProfile("sRGB")
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Nature:
    """What a file says of how the pixels of all its frames are to be seen."""

    turn: Image.Transpose | None
    profile: bytes | None  # ICC


def nature(source: Image.Image) -> Nature:
    return Nature(TURNS.get(_orientation(source)), source.info.get("icc_profile"))


def clean(frame: Image.Image, nature: Nature) -> Image.Image:
    """The frame without its past; it may be the same one."""
    transparency = frame.info.get("transparency")
    frame.info = {} if transparency is None else {"transparency": transparency}
    if nature.turn is not None:
        frame = frame.transpose(nature.turn)
    return _in_srgb(frame, nature.profile)


def shown(frame: Image.Image) -> Image.Image:
    """The same in a mode that can be scaled."""
    if frame.mode == "I;16":
        # To "L" Pillow would cut off what is above 255.
        return frame.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return frame.convert("RGBA" if frame.has_transparency_data else "RGB")


def scaled(frame: Image.Image, side: int) -> Image.Image:
    """Its longest side brought down to `side` pixels."""
    scale = side / max(frame.size)
    if scale >= 1:
        return frame
    width, height = (max(1, round(length * scale)) for length in frame.size)
    return frame.resize((width, height), reducing_gap=2.0)


def placeholder(frame: Image.Image) -> str:
    """A blur of it, some hundred bytes of WebP as base64."""
    small = scaled(frame, PLACEHOLDER_SIDE).filter(ImageFilter.GaussianBlur(PLACEHOLDER_BLUR))
    return base64.b64encode(webp(small, quality=50)).decode()


def webp(frame: Image.Image, *, quality: int) -> bytes:
    out = io.BytesIO()
    frame.save(out, "WEBP", quality=quality)
    return out.getvalue()


def _orientation(source: Image.Image) -> int:
    # ImageOps.exif_transpose also writes the EXIF anew, and fails on what many cameras put there.
    try:
        return int(source.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:
        return 1  # what cannot be read turns nothing


def _in_srgb(frame: Image.Image, profile: bytes | None) -> Image.Image:
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError, TypeError):
        if profile and frame.mode != "L":
            return _converted(frame, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    return frame.convert("RGB") if frame.mode == "CMYK" else frame


def _converted(frame: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    """Raises PyCMSError for a profile that is broken or of other colours."""
    if "sRGB" in ImageCms.getProfileDescription(profile):
        return frame
    if frame.mode == "CMYK":
        frame = ImageCms.profileToProfile(frame, profile, SRGB, outputMode="RGB") or frame
        frame.info = {}
        return frame
    if frame.mode not in ("RGB", "RGBA"):
        frame = shown(frame)
    ImageCms.profileToProfile(frame, profile, SRGB, inPlace=True)
    return frame
