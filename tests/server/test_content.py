"""What the server learns of a file, and that no child, no file and no wait is left behind."""

import asyncio
import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PIL import Image

from models.errors import TooLarge
from server import content
from server.content import CHECKOUT, Content, Contents
from server.verdict import UNKNOWN, kept_beside, thumb_beside
from tests.media import PDF, png, wav

SECONDS = 20.0
"""How long anything is awaited before the test fails."""

LOOKS = """
import asyncio, sys
from pathlib import Path
from server.content import Contents
asyncio.run(Contents(max_image_bytes=0, voice_seconds=60).look(Path(sys.argv[1])))
"""


def contents(max_image_bytes: int = 0) -> Contents:
    return Contents(max_image_bytes=max_image_bytes, voice_seconds=60)


class Endless:
    """A file whose reader hangs until it is let go."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._end = -1

    async def read(self) -> None:
        """Return when somebody has begun to."""
        opening = asyncio.create_task(asyncio.to_thread(os.open, self.path, os.O_WRONLY))
        begun, _ = await asyncio.wait([opening], timeout=SECONDS)
        if not begun:
            os.close(os.open(self.path, os.O_RDONLY | os.O_NONBLOCK))  # lets the thread go
        assert begun
        self._end = opening.result()

    @property
    def is_read(self) -> bool:
        try:
            os.close(os.open(self.path, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as error:
            assert error.errno == errno.ENXIO
            return False
        return True

    async def left(self) -> None:
        """Return when its reader is gone."""
        poll = select.poll()
        poll.register(self._end, 0)
        gone = await asyncio.to_thread(poll.poll, SECONDS * 1000)
        assert gone and gone[0][1] & select.POLLERR
        os.close(self._end)


@asynccontextmanager
async def looking(path: Path) -> AsyncIterator["asyncio.Task[Content]"]:
    task = asyncio.create_task(contents().look(path))
    try:
        async with asyncio.timeout(SECONDS):
            yield task
    finally:
        task.cancel()
        await asyncio.wait([task])


def half_made(path: Path) -> None:
    """What a child that does not come to its end may leave."""
    kept_beside(path).write_bytes(b"half")
    thumb_beside(path).write_bytes(b"half")


def children() -> set[str]:
    """Ours, the dead ones that nobody has asked for included."""
    ours = subprocess.run(
        ["ps", "-o", "pid=,comm=", "--ppid", str(os.getpid())], capture_output=True, text=True
    )
    return {line for line in ours.stdout.splitlines() if not line.endswith(" ps")}


async def test_a_picture(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(png(640, 480))
    seen = await contents().look(tmp_path / "came")
    assert (seen.kind, seen.mime, seen.width, seen.height) == ("image", "image/png", 640, 480)
    assert {seen.path, seen.thumb, tmp_path / "came"} == set(tmp_path.iterdir())
    assert seen.size == seen.path.stat().st_size and seen.placeholder


async def test_a_voice(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(wav())
    heard = await contents().look(tmp_path / "came")
    assert (heard.kind, heard.mime, heard.duration) == ("voice", "audio/wav", 1000)
    assert (heard.waveform, heard.thumb, heard.width) == ((0,) * 64, None, None)
    assert {heard.path, tmp_path / "came"} == set(tmp_path.iterdir())


async def test_a_file_stays_where_it_is(tmp_path: Path) -> None:
    came = tmp_path / "came"
    came.write_bytes(PDF)
    assert await contents().look(came) == Content("file", "application/pdf", came, len(PDF))
    assert list(tmp_path.iterdir()) == [came]


async def test_it_works_from_wherever_the_server_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "__init__.py").write_text("raise SystemExit(3)")
    (tmp_path / "came").write_bytes(png())
    monkeypatch.chdir(tmp_path)
    assert (await contents().look(Path("came"))).kind == "image"


async def test_what_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(png())
    half_made(tmp_path / "came")
    with pytest.raises(TooLarge):
        await contents(max_image_bytes=1).look(tmp_path / "came")
    assert list(tmp_path.iterdir()) == [tmp_path / "came"]


async def test_what_the_disk_refuses_is_raised_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "came").write_bytes(png())
    kept_beside(tmp_path / "came").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as refused:
        await contents().look(tmp_path / "came")
    assert refused.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == [tmp_path / "came"]


@pytest.mark.parametrize(
    "program",
    [
        "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        'print(\'{"kind": "image"}\'); raise SystemExit(1)',
        'print(\'{"kind": "executable"}\')',
        "print('x' * 100_000)",
        "pass",
    ],
)
async def test_a_child_that_fails_makes_it_a_file(
    tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PROGRAM", ("-c", program))
    came = tmp_path / "came"
    came.write_bytes(png())
    half_made(came)
    before = children()
    assert await contents().look(came) == Content("file", UNKNOWN, came, len(png()))
    assert list(tmp_path.iterdir()) == [came]
    assert children() == before


async def test_a_child_that_hangs_is_ended_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "CHILD_SECONDS", 0.5)
    monkeypatch.setattr(content, "PROGRAM", ("-c", "import time; time.sleep(1000)"))
    came = tmp_path / "came"
    came.write_bytes(png())
    before = children()
    assert await contents().look(came) == Content("file", UNKNOWN, came, len(png()))
    assert children() == before


async def test_a_look_that_is_cancelled_ends_its_child(tmp_path: Path) -> None:
    endless = Endless(tmp_path / "came")
    before = children()
    async with looking(endless.path) as task:
        await endless.read()
        half_made(endless.path)
        for _ in range(2):  # whoever is in a hurry says so twice
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])
        assert task.cancelled()
        await endless.left()
    assert list(tmp_path.iterdir()) == [endless.path]
    assert children() == before


async def test_a_child_does_not_outlive_the_server(tmp_path: Path) -> None:
    endless = Endless(tmp_path / "came")
    with subprocess.Popen([sys.executable, "-c", LOOKS, endless.path], cwd=CHECKOUT) as server:
        await endless.read()
        server.send_signal(signal.SIGKILL)
        await endless.left()


async def test_two_look_at_once_and_the_rest_wait_their_turn(tmp_path: Path) -> None:
    files = [Endless(tmp_path / name) for name in "abc"]
    seen = contents()
    tasks = [asyncio.create_task(seen.look(file.path)) for file in files]
    await asyncio.gather(files[0].read(), files[1].read())
    assert not files[2].is_read
    tasks[0].cancel()
    await files[2].read()
    for file, task in zip(files, tasks, strict=True):
        task.cancel()
        await file.left()
    await asyncio.wait(tasks)


async def test_a_photo_of_12_megapixels(tmp_path: Path) -> None:
    photo = Image.effect_noise((400, 300), 60).convert("RGB").resize((4000, 3000))
    photo.save(tmp_path / "came", "JPEG", quality=92)
    start = time.perf_counter()
    seen = await contents().look(tmp_path / "came")
    print(f"\n12 megapixels of JPEG: {time.perf_counter() - start:.2f} s")
    assert (seen.kind, seen.width) == ("image", 4000)
