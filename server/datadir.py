"""The data folder: one process holds it at a time, and the signing key may live in it."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conf.rules import SECRET_BYTES
from conf.settings import ConfigError, Settings

LOCK = "lock"  # holds the pid of its owner, for people; the flock is what counts
SIGNING_KEY = "secret.key"


class DataDirInUse(ConfigError):
    pass


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Make the folder (0700) if it is missing and keep every other process out of it.

    The lock dies with its process, however that ends. Raises DataDirInUse with the other's pid,
    or ConfigError when the folder cannot be made or written.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror}") from None
    try:
        _take(lock, path)
        yield
    finally:
        os.close(lock)


def _take(lock: int, path: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        raise DataDirInUse(
            f"[service] DataDir: {path} is in use by the process with pid {owner}"
        ) from None
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror}") from None


def signing_key(settings: Settings, data_dir: Path) -> bytes:
    """The configured key, else the one in the data folder, made at the first call.

    Raises ConfigError when that file cannot be read or written, or is too short to be safe.
    """
    if settings.service.secret_key is not None:
        return settings.service.secret_key.encode()
    file = data_dir / SIGNING_KEY
    try:
        if not file.exists():
            write_private(file, secrets.token_urlsafe(48))
        key = file.read_bytes().strip()
    except OSError as error:
        raise _refusal(data_dir, f"{SIGNING_KEY}: {error.strerror}") from None
    if len(key) < SECRET_BYTES:
        raise _refusal(data_dir, f"{SIGNING_KEY} must have at least {SECRET_BYTES} bytes")
    return key


def write_private(file: Path, text: str) -> None:
    """Write a file (0600) so that after any crash it is there whole or not at all."""
    handle, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as out:
            out.write(f"{text}\n")
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, file)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name itself
    finally:
        os.close(folder)


def _refusal(path: Path, rule: str) -> ConfigError:
    return ConfigError(f"[service] DataDir: {path} {rule}")
