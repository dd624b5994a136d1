"""The data folder: made private, held by one process, and home of the signing key."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from conf.settings import ConfigError, load
from server.datadir import DataDirInUse, held, signing_key, write_private

SECRET = "0123456789abcdef0123456789abcdef"

# Another process that holds the folder given to it until it is killed.
HOLDER = """
import sys, time
from pathlib import Path
from server.datadir import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_folder_is_made_private_with_its_parents(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data"
    with held(folder):
        assert mode(folder) == 0o700
        assert (folder / "lock").read_text() == f"{os.getpid()}\n"


def test_a_second_holder_is_refused_with_the_pid_until_the_first_dies(tmp_path: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(DataDirInUse) as caught, held(tmp_path):
            pass
        assert str(caught.value) == (
            f"[service] DataDir: {tmp_path} is in use by the process with pid {other.pid}"
        )
        other.kill()
    with held(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_the_folder_is_free_after_use(tmp_path: Path) -> None:
    for _ in range(2):
        with held(tmp_path):
            pass


def test_a_path_that_cannot_be_a_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (file, file / "below"):
        with (
            pytest.raises(ConfigError, match=rf"^\[service\] DataDir: {re.escape(str(path))} "),
            held(path),
        ):
            pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("/dev/full")
    with pytest.raises(ConfigError, match="cannot be written"), held(tmp_path):
        pass


def test_a_configured_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = load(Path(os.devnull), {"TORNADO_IM_SERVICE_SECRETKEY": SECRET})
    assert signing_key(settings, tmp_path) == SECRET.encode()
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    settings = load(Path(os.devnull), {})
    key = signing_key(settings, tmp_path)
    assert len(key) >= 32
    assert signing_key(settings, tmp_path) == key
    assert mode(tmp_path / "secret.key") == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
    (tmp_path / "secret.key").unlink()
    assert signing_key(settings, tmp_path) != key


def test_a_key_file_that_is_too_short_or_unreadable(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("short\n")
    with pytest.raises(ConfigError, match=r"secret\.key must have at least 32 bytes$"):
        signing_key(load(Path(os.devnull), {}), tmp_path)
    (tmp_path / "secret.key").unlink()
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(ConfigError, match=r"secret\.key: Is a directory$"):
        signing_key(load(Path(os.devnull), {}), tmp_path)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "key"
    write_private(file, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(file, "\udc80")
    assert file.read_text() == "old\n"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
