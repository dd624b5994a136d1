"""Recordings for tests: a tone that swells, in whatever container."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import av

RATE = 48000
SECRETS = {"title": "Elm Street 5", "artist": "Jane Doe", "location": "+52.1234-013.4321/"}


def record(
    path: Path,
    container: str,
    codec: str,
    *,
    seconds: float = 0.5,
    tracks: int = 1,
    options: Mapping[str, str] | None = None,
) -> Path:
    """A voice that tells `SECRETS` besides."""
    tone = swelling(seconds)
    layout = "stereo" if codec == "vorbis" else "mono"  # FFmpeg's own knows no other
    with av.open(str(path), "w", format=container, options=dict(options or {})) as out:
        out.metadata.update(SECRETS)
        streams = [out.add_stream(codec, rate=RATE, layout=layout) for _ in range(tracks)]
        for stream in streams:
            stream.metadata.update(SECRETS)
            stream.codec_context.options = {"strict": "experimental"}  # as that Vorbis is
            to_codec = av.AudioResampler(stream.codec_context.format or "s16", layout, RATE)
            frames = [
                frame
                for start in range(0, len(tone), 960)
                for frame in to_codec.resample(_frame(tone[start : start + 960], start))
            ]
            for frame in [*frames, None]:
                out.mux(stream.encode(frame))
    return path


def film(path: Path, container: str, codec: str) -> Path:
    """Half a second of moving picture."""
    with av.open(str(path), "w", format=container) as out:
        stream = out.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in [*(av.VideoFrame(64, 48, "yuv420p") for _ in range(5)), None]:
            out.mux(stream.encode(frame))
    return path


def with_cover(mp3: bytes, cover: bytes) -> bytes:
    """The same behind an ID3v2.3 tag of its own that holds a picture."""
    body = b"\0image/png\0\x03\0" + cover
    frame = b"APIC" + struct.pack(">IH", len(body), 0) + body
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\0\0" + size + frame + mp3


def swelling(seconds: float) -> array[int]:
    """440 Hz, from silence up."""
    total = int(RATE * seconds)
    wave = (math.sin(2 * math.pi * 440 * at / RATE) * at / total for at in range(total))
    return array("h", (int(20000 * value) for value in wave))


def _frame(samples: array[int], start: int) -> av.AudioFrame:
    frame = av.AudioFrame(format="s16", layout="mono", samples=len(samples))
    frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
    data = samples.tobytes()
    frame.planes[0].update(data + bytes(frame.planes[0].buffer_size - len(data)))
    return frame
