"""An uploaded recording: decoded wholly for its length and waveform, kept as nothing but sound.

A voice is WebM, Ogg, MP4, MP3 or WAV with one track of sound and none of moving pictures. It is
packed anew, not encoded anew: title, cover, place and whatever lay behind the sound stay out, and
what a browser has recorded gets the length and the index that it lacks.
"""

from array import array
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import av
import filetype
from av.audio import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from server.verdict import Verdict, kept_beside

STEPS = 64  # of a waveform
STEP_RATE = 8000  # samples a second to make it of: enough to see speech
QUIET = 328  # of 32,768: what never gets louder is shown as quiet
HEAD_BYTES = 4096
PADDING_SECONDS = 0.1  # encoders fill up their last frame; two of AAC are 93 ms

PCM = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw")
CODECS = frozenset(("opus", "vorbis", "flac", "aac", "mp3", *PCM))
# What FFmpeg may use while it looks for tracks.
DECODERS = ",".join([*sorted(CODECS), "libopus", "mp3float"])


@dataclass(frozen=True, slots=True)
class Container:
    reader: str  # as FFmpeg calls it
    writer: str
    subtype: str  # behind "audio/" or "video/"


@dataclass(frozen=True, slots=True)
class Heard:
    ms: int
    waveform: tuple[int, ...]


WEBM = Container("matroska", "webm", "webm")
OGG = Container("ogg", "ogg", "ogg")
MP4 = Container("mov", "mp4", "mp4")
MP3 = Container("mp3", "mp3", "mpeg")
WAV = Container("wav", "wav", "wav")


def look(path: Path, *, seconds: int) -> Verdict | None:
    """Make the clean recording beside `path`; None where there is none of these containers.

    Args:
        seconds: how long a voice may be, 0 for no limit.

    Raises OSError of the disk.
    """
    container = _container(path)
    if container is None:
        return None
    # From a file that is open already FFmpeg is not led to another one.
    with path.open("rb") as file:
        try:
            with _opened(file, container) as source:
                track, mime = _track(source, container)
                heard = None if track is None else _heard(source, track, seconds)
        except av.FFmpegError:  # some of which are OSError, for what is broken
            return None
        if heard is None:
            return Verdict("file", mime)
        file.seek(0)
        with _opened(file, container) as source:
            _pack(source, container, kept_beside(path))
    return Verdict("voice", mime, duration=heard.ms, waveform=heard.waveform)


def _container(path: Path) -> Container | None:
    """By the first bytes; filetype knows some of the brands of MP4 only."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head[:4] == b"\x1aE\xdf\xa3":
        return WEBM if filetype.guess_mime(head) == "video/webm" else None
    if head[:4] == b"OggS":
        return OGG
    if head[4:8] == b"ftyp":
        return None if head[8:12] == b"qt  " else MP4
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return WAV
    # The sync of a frame: eleven ones, and layer III.
    if head[:3] == b"ID3" or (head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xE6 == 0xE2):
        return MP3
    return None


def _opened(file: BinaryIO, container: Container) -> InputContainer:
    return av.open(
        file,
        "r",
        format=container.reader,
        options={"codec_whitelist": DECODERS},
        metadata_errors="replace",
    )


def _track(source: InputContainer, container: Container) -> tuple[AudioStream | None, str]:
    """The one track of a voice, and the media type, which is known of others too."""
    if any(not _is_cover(stream) for stream in source.streams.video):
        return None, f"video/{container.subtype}"
    tracks = source.streams.audio
    is_voice = len(tracks) == 1 and tracks[0].codec.canonical_name in CODECS
    return tracks[0] if is_voice else None, f"audio/{container.subtype}"


def _is_cover(stream: VideoStream) -> bool:
    return Disposition.attached_pic in stream.disposition


def _heard(source: InputContainer, track: AudioStream, seconds: int) -> Heard | None:
    """None for what is longer, or never begins."""
    to_steps = av.AudioResampler("s16", "mono", STEP_RATE)
    samples = array("h")
    length = 0.0
    for frame in source.decode(track):
        length += frame.samples / frame.sample_rate
        if seconds and length > seconds + PADDING_SECONDS:
            return None
        for low in to_steps.resample(frame):
            samples.frombytes(memoryview(low.planes[0])[: low.samples * samples.itemsize])
    return Heard(round(length * 1000), _waveform(samples)) if length else None


def _waveform(samples: "array[int]") -> tuple[int, ...]:
    """The peaks of equal parts, the highest being 100."""
    bounds = [len(samples) * step // STEPS for step in range(STEPS + 1)]
    parts = (samples[start:stop] for start, stop in pairwise(bounds))
    peaks = [max(max(part), -min(part)) if part else 0 for part in parts]
    highest = max(QUIET, *peaks)
    return tuple(round(100 * peak / highest) for peak in peaks)


def _pack(source: InputContainer, container: Container, kept: Path) -> None:
    options = {"fflags": "+bitexact"}  # nor a word of who packed it
    if container is MP4:
        options["movflags"] = "faststart"
    with av.open(str(kept), "w", format=container.writer, options=options) as out:
        track = source.streams.audio[0]
        copy = out.add_stream_from_template(track)
        for packet in source.demux(track):
            if packet.dts is not None:  # the last one is empty
                packet.stream = copy
                out.mux(packet)
