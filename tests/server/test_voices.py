"""What a voice is, how long, and that nothing but its sound is kept."""

import re
import struct
import zipfile
from pathlib import Path

import av
import pytest

from server.decoding import judge
from server.verdict import Verdict, kept_beside
from tests.media import png, wav
from tests.recorded import SECRETS, film, record, with_cover


def judged(path: Path, *, seconds: int = 60) -> Verdict:
    return judge(path, max_image_bytes=0, voice_seconds=seconds)


def samples(path: Path) -> int:
    with av.open(str(path)) as source:
        return sum(frame.samples for frame in source.decode(audio=0))


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [
        ("webm", "libopus", "audio/webm"),
        ("webm", "vorbis", "audio/webm"),
        ("ogg", "libopus", "audio/ogg"),
        ("ogg", "vorbis", "audio/ogg"),
        ("ogg", "flac", "audio/ogg"),
        ("mp4", "aac", "audio/mp4"),
        ("ipod", "aac", "audio/mp4"),
        ("mp4", "libopus", "audio/mp4"),
        ("mp3", "libmp3lame", "audio/mpeg"),
        ("wav", "pcm_s16le", "audio/wav"),
    ],
)
def test_a_recording_is_a_voice_of_its_sound_alone(
    tmp_path: Path, container: str, codec: str, mime: str
) -> None:
    came = record(tmp_path / "came", container, codec)
    voice = judged(came)
    assert (voice.kind, voice.mime) == ("voice", mime)
    assert voice.duration == pytest.approx(500, abs=60)  # the last frame of a codec is filled up
    kept = kept_beside(came)
    assert samples(kept) == samples(came)
    assert not re.search(rb"Lavf\d", kept.read_bytes())
    for secret in SECRETS.values():
        assert secret[:9].encode() not in kept.read_bytes()


def test_its_waveform_are_64_steps_of_how_loud_it_is(tmp_path: Path) -> None:
    waveform = judged(record(tmp_path / "came", "wav", "pcm_s16le")).waveform
    assert waveform is not None and len(waveform) == 64
    assert waveform == tuple(sorted(waveform)) and waveform[0] < 5 and waveform[-1] == 100


def test_silence_has_a_waveform_too(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(wav())
    voice = judged(tmp_path / "came")
    assert (voice.duration, voice.waveform) == (1000, (0,) * 64)


@pytest.mark.parametrize(
    ("container", "codec", "options"),
    [
        ("webm", "libopus", {"live": "1"}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    ],
)
def test_what_a_browser_records_gets_the_length_that_its_header_lacks(
    tmp_path: Path, container: str, codec: str, options: dict[str, str]
) -> None:
    came = record(tmp_path / "came", container, codec, options=options)
    assert judged(came).duration == pytest.approx(500, abs=60)
    with av.open(str(kept_beside(came))) as kept:
        assert kept.duration == pytest.approx(500_000, abs=60_000)
    if container == "mp4":
        assert kept_beside(came).read_bytes().find(b"moov") < 100  # to be played as it comes


def test_one_as_long_as_may_be_is_a_voice_with_the_padding_of_its_codec(tmp_path: Path) -> None:
    came = record(tmp_path / "came", "mp4", "aac", seconds=1.0)
    voice = judged(came, seconds=1)
    assert voice.kind == "voice" and voice.duration is not None and voice.duration > 1000


def test_a_longer_one_is_a_file_unless_there_is_no_limit(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(wav(seconds=1.2))
    assert judged(tmp_path / "came", seconds=1) == Verdict("file", "audio/wav")
    assert judged(tmp_path / "came", seconds=0).duration == 1200


@pytest.mark.parametrize(
    ("container", "codec", "mime"),
    [("mp4", "mpeg4", "video/mp4"), ("webm", "libvpx", "video/webm")],
)
def test_moving_pictures_are_a_file(tmp_path: Path, container: str, codec: str, mime: str) -> None:
    assert judged(film(tmp_path / "came", container, codec)) == Verdict("file", mime)


def test_several_tracks_and_codecs_that_no_browser_plays_are_files(tmp_path: Path) -> None:
    two = record(tmp_path / "two", "mp4", "aac", tracks=2)
    assert judged(two) == Verdict("file", "audio/mp4")
    alac = record(tmp_path / "alac", "ipod", "alac")
    assert judged(alac) == Verdict("file", "audio/mp4")


def test_other_containers_are_files(tmp_path: Path) -> None:
    matroska = record(tmp_path / "mka", "matroska", "libopus")
    assert judged(matroska) == Verdict("file", "video/x-matroska")
    quicktime = record(tmp_path / "mov", "mov", "aac")
    assert judged(quicktime) == Verdict("file", "video/quicktime")
    assert judged(record(tmp_path / "flac", "flac", "flac")).kind == "file"


def test_a_cover_is_no_moving_picture_and_not_kept(tmp_path: Path) -> None:
    mp3 = record(tmp_path / "mp3", "mp3", "libmp3lame").read_bytes()
    came = tmp_path / "came"
    came.write_bytes(with_cover(mp3, png()) + b"TAG" + b"Jane Doe".ljust(125))
    assert judged(came).kind == "voice"
    kept = kept_beside(came).read_bytes()
    assert b"PNG" not in kept and b"Jane" not in kept


def test_a_title_in_no_known_script_harms_nothing(tmp_path: Path) -> None:
    title = b"INFOINAM" + struct.pack("<I", 4) + b"\xff\xfe\xfd\0"
    data = wav() + b"LIST" + struct.pack("<I", len(title)) + title
    (tmp_path / "came").write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert judged(tmp_path / "came").kind == "voice"
    assert b"\xff\xfe\xfd" not in kept_beside(tmp_path / "came").read_bytes()


def test_what_lies_behind_the_sound_is_not_kept(tmp_path: Path) -> None:
    came = record(tmp_path / "came", "mp4", "aac")
    with zipfile.ZipFile(came, "a") as behind:
        behind.writestr("run.js", "alert(1)")
    assert judged(came).kind == "voice"
    assert zipfile.is_zipfile(came) and not zipfile.is_zipfile(kept_beside(came))


@pytest.mark.parametrize(
    ("container", "codec", "ms"),
    [
        ("webm", "libopus", 213),
        ("mp3", "libmp3lame", 241),
        ("wav", "pcm_s16le", 249),
        ("mp4", "aac", None),
        ("ogg", "libopus", None),
    ],
)
def test_one_that_breaks_off_is_what_is_left_of_it_or_a_file(
    tmp_path: Path, container: str, codec: str, ms: int | None
) -> None:
    came = record(tmp_path / "came", container, codec)
    whole = came.read_bytes()
    came.write_bytes(whole[: len(whole) // 2])
    left = judged(came)
    assert left.kind == ("file" if ms is None else "voice")
    assert left.duration == (None if ms is None else pytest.approx(ms, abs=30))
    came.write_bytes(whole[:40])
    assert judged(came).kind == "file"


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("mp3", "libmp3lame")])
def test_noise_in_it_makes_it_a_file(tmp_path: Path, container: str, codec: str) -> None:
    came = record(tmp_path / "came", container, codec)
    whole = bytearray(came.read_bytes())
    whole[1000:2000] = bytes(range(250)) * 4
    came.write_bytes(whole)
    assert judged(came).kind == "file"
