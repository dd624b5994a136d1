"""A link between the server and one of its stores, which can be slow, be cut, and lose answers."""

import asyncio
import math
import socket
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

CHUNK_BYTES = 1 << 16
RESEND_SECONDS = 0.3
"""Until a lost chunk is sent again, as TCP does; what is behind it waits for it."""

Address = tuple[str, int] | Path
"""Where a store listens: host and port, or a unix socket."""


@dataclass
class _Trap:
    """Waits for a request that has `word` in it, then cuts."""

    word: bytes
    answered: bool
    """Whether the store takes the request and answers it first; else half of it gets through."""
    sprung: asyncio.Future[bytes]
    """What did not get through: the rest of the request, or the answer."""


class Proxy:
    """Passes everything on, as long as nothing else is asked of it.

    It keeps its port from the first to the last, also while it refuses.
    """

    def __init__(self, store: Address) -> None:
        self._store = store
        # Bound and never listening: nobody else gets the port, and who connects is refused.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.port = int(self._place.getsockname()[1])
        self.delay_seconds = 0.0
        """Of each chunk, in both directions."""
        self.losses = 0
        """Chunks that came late because they were lost."""
        self.cuts = 0
        """Connections that were cut."""
        self.full = asyncio.Event()
        """Set when requests wait for what `let_through` does not let through."""
        self._room: float = math.inf
        self._ending = asyncio.Event()
        self._lossy: tuple[Random, float, float] | None = None
        self._server: asyncio.Server | None = None
        self._connections: dict[_Connection, asyncio.Task[None]] = {}
        self._trap: _Trap | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    def refuse(self) -> None:
        """Refuse new connections, until `listen`; those that there are stay."""
        if self._server is not None:
            self._server.close()

    def lossy(self, chance: Random, lost: float, cut: float) -> None:
        """Lose chunks by chance, and with some of them their connection."""
        self._lossy = (chance, lost, cut)

    def whole(self) -> None:
        """Neither slow nor lossy."""
        self.delay_seconds, self._lossy = 0.0, None

    def cut(self) -> None:
        """Cut every connection, now."""
        for connection in self._connections:
            connection.cut()

    def let_through(self, size: int) -> None:
        """Let so many bytes of requests through, about, and then no more."""
        self._room = size

    async def cut_in_request(self, word: bytes) -> None:
        """Wait for the next request with `word`, let half of it through, and cut every connection.

        The store never sees such a request whole.
        """
        await self._spring(word, answered=False)

    async def cut_answer(self, word: bytes) -> bytes:
        """Cut every connection when the next request with `word` has been answered.

        Returns:
            The beginning of the answer, which nobody else has seen.
        """
        return await self._spring(word, answered=True)

    async def close(self) -> None:
        self._ending.set()
        self.refuse()
        self.cut()
        await asyncio.gather(*self._connections.values(), return_exceptions=True)
        self._place.close()

    async def _spring(self, word: bytes, *, answered: bool) -> bytes:
        self._trap = _Trap(word, answered, asyncio.get_running_loop().create_future())
        try:
            return await self._trap.sprung
        finally:
            self._trap = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if isinstance(self._store, Path):
                theirs, to_store = await asyncio.open_unix_connection(self._store)
            else:
                theirs, to_store = await asyncio.open_connection(*self._store)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(self, writer, to_store)
        task = asyncio.current_task()
        assert task is not None
        self._connections[connection] = task
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(connection.carry(reader, connection.requests))
                group.create_task(connection.carry(theirs, connection.answers))
        finally:
            connection.end()
            del self._connections[connection]

    # What a connection asks, and what it tells

    async def admit(self, size: int) -> None:
        """Wait as long as there is no room for so many bytes: until the end."""
        self._room -= size
        if self._room < 0:
            self.full.set()
            await self._ending.wait()

    def count_cut(self) -> None:
        self.cuts += 1

    def fate(self) -> float | None:
        """How late the next chunk comes, in seconds; None: its connection is cut."""
        if self._lossy is None:
            return self.delay_seconds
        chance, lost, cut = self._lossy
        drawn = chance.random()
        if drawn < cut:
            return None
        self.losses += drawn < cut + lost
        return self.delay_seconds + (RESEND_SECONDS if drawn < cut + lost else 0.0)

    def trap_for(self, chunk: bytes) -> _Trap | None:
        """The trap that this request falls into, which then waits for no other."""
        trap = self._trap
        if trap is None or trap.word not in chunk:
            return None
        self._trap = None
        return trap

    def spring(self, trap: _Trap, kept: bytes) -> None:
        self.cut()
        if not trap.sprung.done():
            trap.sprung.set_result(kept)


class _Way:
    """One direction of a connection."""

    def __init__(self, writer: asyncio.StreamWriter, *, to_store: bool) -> None:
        self.writer = writer
        self.to_store = to_store
        self._late = deque[bytes]()
        self._due = 0.0
        """When the last of them comes."""

    def pass_on(self, chunk: bytes, delay_seconds: float) -> None:
        """In order, and each chunk that late, however many are on their way."""
        if not delay_seconds and not self._late:
            self._write(chunk)
            return
        self._late.append(chunk)
        loop = asyncio.get_running_loop()
        self._due = max(self._due, loop.time() + delay_seconds)
        loop.call_at(self._due, lambda: self._write(self._late.popleft()))

    def _write(self, chunk: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(chunk)


class _Connection:
    """One connection of the server's, and the store's end of it."""

    def __init__(
        self, proxy: Proxy, to_server: asyncio.StreamWriter, to_store: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self.requests = _Way(to_store, to_store=True)
        self.answers = _Way(to_server, to_store=False)
        self._trap: _Trap | None = None
        """Sprung by the next answer."""
        self._is_cut = False

    async def carry(self, reader: asyncio.StreamReader, way: _Way) -> None:
        """Until one side ends, or a cut."""
        with suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                if way.to_store:
                    await self._proxy.admit(len(chunk))
                if self._is_cut or self._falls(chunk, way):
                    break
                seconds = self._proxy.fate()
                if seconds is None:
                    self.cut()
                    break
                way.pass_on(chunk, seconds)
        self.end()

    def _falls(self, chunk: bytes, way: _Way) -> bool:
        """Whether a trap has taken the chunk."""
        if not way.to_store:
            if self._trap is None:
                return False
            self._proxy.spring(self._trap, chunk)
            return True
        trap = self._proxy.trap_for(chunk)
        if trap is None:
            return False
        if trap.answered:
            self._trap = trap
            return False
        half = len(chunk) // 2
        way.pass_on(chunk[:half], 0)
        self._proxy.spring(trap, chunk[half:])
        return True

    def cut(self) -> None:
        if not self._is_cut:
            self._is_cut = True
            self._proxy.count_cut()
            self.end()

    def end(self) -> None:
        # What is late on its way is lost with the connection.
        self.requests.writer.transport.abort()
        self.answers.writer.transport.abort()


@asynccontextmanager
async def linked(store: Address) -> AsyncIterator[Proxy]:
    """A proxy that listens, until the end."""
    proxy = Proxy(store)
    try:
        await proxy.listen()
        yield proxy
    finally:
        await proxy.close()
