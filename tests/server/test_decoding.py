"""The program that decodes: what it may take of the machine, what it says, and when it goes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from server.content import CHECKOUT
from server.decoding import CPU_SECONDS, MEMORY_BYTES, WRITTEN_BYTES, judge
from server.verdict import UNKNOWN, Verdict, kept_beside
from tests.media import PDF, png, wav

LIMITED = """
import json, resource
from server.decoding import limit
limit({size})
names = ("AS", "CPU", "FSIZE", "CORE")
print(json.dumps([resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names]))
bytearray({taken})
"""


def python(*arguments: str, input: bytes | None = None) -> "subprocess.CompletedProcess[bytes]":
    """Run one in the checkout; without `input` its standard input stays open."""
    with subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=CHECKOUT,
    ) as program:
        if input is None:
            assert program.stdout is not None and program.stderr is not None
            out, error = program.stdout.read(), program.stderr.read()
        else:
            out, error = program.communicate(input)
        return subprocess.CompletedProcess(program.args, program.wait(), out, error)


def judged(path: Path) -> Verdict:
    return judge(path, max_image_bytes=0, voice_seconds=60)


@pytest.mark.skipif(sys.platform != "linux", reason="macOS bounds no address space")
def test_it_gives_away_what_it_does_not_need() -> None:
    done = python("-c", LIMITED.format(size=0, taken=MEMORY_BYTES))
    assert json.loads(done.stdout) == [
        [MEMORY_BYTES] * 2,
        [CPU_SECONDS] * 2,
        [WRITTEN_BYTES] * 2,
        [0, 0],
    ]
    assert done.returncode == 1 and b"MemoryError" in done.stderr
    large = python("-c", LIMITED.format(size=WRITTEN_BYTES, taken=0))
    assert json.loads(large.stdout)[2] == [2 * WRITTEN_BYTES] * 2


def test_it_says_one_line(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(png())
    done = python("-m", "server.decoding", str(tmp_path / "came"), "0", "60")
    assert (done.returncode, done.stderr, done.stdout.count(b"\n")) == (0, b"", 1)
    assert json.loads(done.stdout)["kind"] == "image"


def test_what_a_picture_may_not_be_is_said_too(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(png())
    done = python("-m", "server.decoding", str(tmp_path / "came"), "1", "60")
    assert json.loads(done.stdout)["kind"] == "too_large"


@pytest.mark.parametrize("data", [png(), wav()], ids=["picture", "voice"])
def test_a_full_disk_is_no_fault_of_the_file(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "came").write_bytes(data)
    kept_beside(tmp_path / "came").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        judged(tmp_path / "came")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        "Jane says 你好\n".encode(),
        b"\xff\xfeJ\0a\0n\0e\0",
        b"<!doctype html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><a/>",
        b"#!/bin/sh\nrm -rf /\n",
        b"alert(1)",
        b"#EXTM3U\n#EXT-X-VERSION:3\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile /etc/passwd\n",
    ],
)
def test_what_is_not_known_is_bytes(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "came.png").write_bytes(data)
    assert judged(tmp_path / "came.png") == Verdict("file", UNKNOWN)


@pytest.mark.parametrize(
    ("data", "mime"),
    [
        (PDF, "application/pdf"),
        (b"PK\x03\x04" + bytes(40), "application/zip"),
        (b"\x1f\x8b\x08" + bytes(40), "application/gzip"),
    ],
)
def test_what_is_known_is_named(tmp_path: Path, data: bytes, mime: str) -> None:
    (tmp_path / "came.txt").write_bytes(data)
    assert judged(tmp_path / "came.txt") == Verdict("file", mime)
