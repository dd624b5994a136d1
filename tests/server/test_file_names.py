"""The names of uploaded files."""

from __future__ import annotations

import pytest

from server.file_names import NAME_MAX, file_name

FILE = "application/octet-stream"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("家庭 照片 🏡.zip", "家庭 照片 🏡.zip"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\x.doc", "x.doc"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("gpj\u202e.exe", "gpj.exe"),
        ("a\u200b\u2066b\x00.txt", "ab.txt"),
        (" .hidden. ", "hidden"),
        ("a \t\u3000 b.txt", "a b.txt"),
        ("..", "file.bin"),
        ("", "file.bin"),
        ("\ud800.txt", "file.txt"),
    ],
)
def test_a_name_is_the_last_part_of_a_path_without_tricks(raw: str, name: str) -> None:
    assert file_name(raw, FILE) == name


def test_a_long_name_keeps_its_ending() -> None:
    name = file_name("长" * 300 + ".tar.gz", FILE)
    assert (len(name), name[-4:]) == (NAME_MAX, "长.gz")


@pytest.mark.parametrize(
    ("raw", "mime", "name"),
    [
        ("IMG_1.HEIC", "image/jpeg", "IMG_1.jpg"),
        ("IMG_1.JPEG", "image/jpeg", "IMG_1.JPEG"),
        ("photo", "image/jpeg", "photo.jpg"),
        ("photo.webp", "image/webp", "photo.webp"),
        ("", "image/png", "file.png"),
    ],
)
def test_a_picture_that_was_made_anew_is_called_what_it_is(raw: str, mime: str, name: str) -> None:
    assert file_name(raw, mime) == name
