"""What people upload: taken in, found again by who may see it, and let go.

A medium is seen by who uploaded it, by who may read a message that carries it, and by everyone
while it is a picture of somebody or of a group; an administrator sees what a report that is open
carries. What carries it is looked up in `models.media` and
believed only as far as the log, the profile or the group says the same now.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Final, NotRequired, TypedDict

from msgspec import Meta

from models.documents import IN_MAX
from models.errors import Forbidden, InvalidField, NotFound
from models.media import Blob, MediaKind, Medium, Use, user_key
from models.media import Media as Store
from models.message import MediaMeta, Message, Messages, message_key
from models.rate import Rate, Rates
from models.report import Reports, report_key, reported
from server.content import Content, Contents
from server.file_names import file_name
from server.keeping import HELD_MS, Keeping, now_ms
from server.people import People
from server.policy import Policy
from server.rosters import Rosters
from server.uploads import Upload, disk

UNUSED_MS: Final = 24 * 3600 * 1000
"""How long a medium is kept that nothing carries."""

CARRIED_MAX: Final = 1000
"""Uses of a medium, all of which may have to be looked through for a reader: 33 ms of the embedded
store. Beyond them a medium of its own carries the same bytes."""

PAGE_MAX: Final = 100
"""Media of one person that are read at once."""

THUMB_MIME: Final = "image/webp"

MEDIA_KINDS: Final = ("image", "voice", "file")


class MediumShape(TypedDict):
    """What was uploaded."""

    id: Annotated[str, Meta(description="A medium.")]
    kind: Annotated[MediaKind, Meta(description="Found in its content.")]
    mime: str
    size: Annotated[int, Meta(description="Bytes, as it is kept.")]
    name: Annotated[str, Meta(description="As it was sent, without what no file name should hold.")]
    thumb: Annotated[bool, Meta(description="Whether there is a small one, `?thumb=1`.")]
    width: NotRequired[Annotated[int, Meta(description="Pixels, of a picture.")]]
    height: NotRequired[Annotated[int, Meta(description="Pixels, of a picture.")]]
    duration: NotRequired[Annotated[int, Meta(description="Milliseconds, of a voice.")]]
    placeholder: NotRequired[
        Annotated[str, Meta(description="A blurred picture of 20 pixels, as base64.")]
    ]
    waveform: NotRequired[Annotated[list[int], Meta(description="64 loudnesses, 0 to 100.")]]


class Media:
    """Every call raises `Unavailable` when a store does not answer."""

    def __init__(
        self,
        store: Store,
        keeping: Keeping,
        contents: Contents,
        messages: Messages,
        policy: Policy,
        people: People,
        rosters: Rosters,
        rates: Rates,
        reports: Reports,
        *,
        per_minute: int,
    ) -> None:
        """`per_minute` uploads of one user, 0 for no limit."""
        self._store = store
        self._keeping = keeping
        self._contents = contents
        self._messages = messages
        self._policy = policy
        self._people = people
        self._rosters = rosters
        self._rates = rates
        self._reports = reports
        self._per_minute = per_minute
        self.accepted = 0
        """Uploads that this process has taken."""

    # Coming in

    async def admit(self, uid: int) -> None:
        """Count an upload against its sender's limit, before its first byte.

        Raises:
            RateLimited: with the time until one is let through.
        """
        await self._rates.take([Rate(f"upload:{uid}", self._per_minute, 60)])

    async def accept(
        self, uid: int, upload: Upload, name: str, *, id: str | None = None
    ) -> MediumShape:
        """Keep what was uploaded; `upload` is still the caller's to discard.

        Args:
            id: the medium's, where the upload may be accepted twice: it becomes one medium.

        Raises:
            TooLarge: a picture of too many bytes or pixels.
        """
        thumb = None
        with disk():
            content = await self._contents.look(upload.path)
            if content.thumb is not None:
                thumb = await self._keeping.keep(content.thumb, THUMB_MIME)
            blob = await self._keeping.keep(content.path, content.mime)
        medium = Medium(
            id=id or secrets.token_urlsafe(16),
            uid=uid,
            kind=content.kind,
            meta=_meta(content, file_name(name, content.mime)),
            blob=blob,
            thumb=thumb,
            created_at=now_ms(),
        )
        await self._store.add(medium, due=medium.created_at + UNUSED_MS)
        self.accepted += 1
        return shape(medium)

    # Going out

    async def find(self, uid: int, id: str) -> Medium:
        """A medium, for who may see it.

        Raises:
            NotFound: there is none of that id.
            Forbidden: it is not for `uid`.
        """
        medium = await self._store.get(id)
        if medium is None:
            raise NotFound
        if medium.uid != uid and not await self._is_shown(uid, medium):
            raise Forbidden
        return medium

    async def of(self, uid: int) -> AsyncIterator[Medium]:
        """What `uid` has uploaded, and is still kept."""
        async for page in self._store.of(uid, PAGE_MAX):
            for medium in page:
                yield medium

    def read(self, blob: Blob, start: int, stop: int) -> AsyncIterator[bytes]:
        """Its bytes from `start` to before `stop`, in pieces."""
        return self._keeping.read(blob, start, stop)

    async def _is_shown(self, uid: int, medium: Medium) -> bool:
        uses = await self._store.uses(medium.id)
        for use in uses:
            if use.conv or not await self.is_carried(medium.id, use):
                continue
            if reported(use.key) is None or (await self._people.get(uid)).admin:
                return True
        return await self._is_readable(uid, medium.id, [use for use in uses if use.conv])

    async def is_carried(self, id: str, use: Use) -> bool:
        """Whether what was noted as carrying a medium still does."""
        report = reported(use.key)
        if report is not None:
            found_report = await self._reports.get(report)
            return found_report is not None and found_report.state == "open"
        if not use.conv:
            return await self._is_picture(id, use)
        found = (await self._messages.by_keys([use.key])).get(use.key)
        return found is not None and carries(found.message, id)

    async def _is_picture(self, id: str, use: Use) -> bool:
        what, _, number = use.key.partition(":")
        if what == "group":
            group = (await self._rosters.find([int(number)])).get(int(number))
            return group is not None and group.avatar == id
        person = (await self._people.find([int(number)])).get(int(number))
        return person is not None and person.avatar == id

    async def _is_readable(self, uid: int, id: str, uses: Sequence[Use]) -> bool:
        """Whether `uid` may read a message of `uses` that still carries the medium."""
        views = await self._policy.views(uid, {use.conv for use in uses})
        keys = [use.key for use in uses if use.conv in views]
        # The newest first: what somebody looks at was most likely just sent.
        for end in range(len(keys), 0, -IN_MAX):
            found = await self._messages.by_keys(keys[max(0, end - IN_MAX) : end])
            if any(
                carries(stored.message, id) and views[stored.message.conv].shows(stored.message.seq)
                for stored in found.values()
            ):
                return True
        return False

    # Being carried

    async def attach(self, uid: int, kind: str, id: str, *, conv: str, key: str) -> Medium:
        """Have a message that is about to be stored as `key` carry a medium.

        Returns:
            The one that it carries: another of the same bytes where very many carry this one.

        Raises:
            NotFound, Forbidden: as `find` does.
            InvalidField: `kind`, conflict: it is of another kind.
        """
        medium = await self.find(uid, id)
        if medium.kind != kind:
            raise InvalidField("kind", "conflict")
        if medium.carried >= CARRIED_MAX:
            medium = await self._heir(medium)
        await self._carry(medium, Use(key, conv, now_ms()))
        return medium

    async def _heir(self, medium: Medium) -> Medium:
        """The medium that is carried in place of this one, which has all the uses it may have."""
        heir = await self._store.get(medium.heir) if medium.heir is not None else None
        if heir is None or heir.carried >= CARRIED_MAX:
            now = now_ms()
            # Held, so that its bytes are still there when another has them, too.
            if await self._store.hold(medium.id, now + HELD_MS) is None:
                raise NotFound
            heir = dataclasses.replace(
                medium,
                id=secrets.token_urlsafe(16),
                created_at=now,
                carried=0,
                heir=None,
                heir_of=medium.heir_of or medium.id,
            )
            await self._store.add(heir, due=now + UNUSED_MS)
            await self._store.set_heir(medium.id, heir.id)
        return heir

    async def show(self, uid: int, id: str, key: str) -> None:
        """Have a picture stand for somebody or a group, whose key it is, from now on.

        Raises:
            NotFound, Forbidden: as `find` does.
            InvalidField: `avatar`, conflict: it is no picture.
        """
        medium = await self.find(uid, id)
        if medium.kind != "image":
            raise InvalidField("avatar", "conflict")
        await self._carry(medium, Use(key, "", now_ms()))

    async def keep(self, message: Message, report: str) -> None:
        """Keep what a message carries for the administrators, until the report is closed."""
        medium = await self._store.get(message.content) if message.kind in MEDIA_KINDS else None
        if medium is not None:
            await self._carry(medium, Use(report_key(report), "", now_ms()))

    async def portray(self, uid: int, id: str | None) -> None:
        """Have a medium be the picture of `uid` from now on, or nothing.

        Raises:
            NotFound, Forbidden, InvalidField: as `show` does.
        """
        before = (await self._people.get(uid)).avatar
        if id is not None:
            await self.show(uid, id, user_key(uid))
        await self._people.set_avatar(uid, id)
        if before is not None and before != id:
            await self.hide(before, user_key(uid))

    async def _carry(self, medium: Medium, use: Use) -> None:
        new = await self._store.use(medium.id, use)
        if await self._store.hold(medium.id, use.at + HELD_MS, uses=int(new)) is None:
            raise NotFound

    async def hide(self, id: str, key: str) -> None:
        """A picture stands for somebody or a group no more."""
        await self._store.unuse(id, key)
        await self._store.let_go([id], now_ms() + UNUSED_MS)

    async def forget(self, uid: int, avatar: str | None) -> None:
        """Let go of what somebody has uploaded, and of his picture; what carries one keeps it."""
        if avatar is not None:
            await self.hide(avatar, user_key(uid))
        await self._store.let_go([medium.id async for medium in self.of(uid)], now_ms())

    async def release(self, messages: Iterable[Message], *, after_ms: int = UNUSED_MS) -> None:
        """Messages that are about to go carry their media no more; what nothing else carries is
        deleted `after_ms` from now.
        """
        carriers = [message for message in messages if message.kind in MEDIA_KINDS]
        for message in carriers:
            key = message_key(message.conv, message.from_, message.id)
            await self._store.unuse(message.content, key)
        await self._store.let_go({message.content for message in carriers}, now_ms() + after_ms)


def carries(message: Message, id: str) -> bool:
    """Whether a message, as it is now, carries a medium."""
    return message.kind in MEDIA_KINDS and message.content == id


def shape(medium: Medium) -> MediumShape:
    """A medium as an upload is answered."""
    meta = medium.meta
    told: MediumShape = {
        "id": medium.id,
        "kind": medium.kind,
        "mime": meta.mime,
        "size": meta.size,
        "name": meta.name,
        "thumb": meta.thumb,
    }
    if meta.width is not None and meta.height is not None:
        told["width"], told["height"] = meta.width, meta.height
    if meta.duration is not None:
        told["duration"] = meta.duration
    if meta.placeholder is not None:
        told["placeholder"] = meta.placeholder
    if meta.waveform is not None:
        told["waveform"] = meta.waveform
    return told


def _meta(content: Content, name: str) -> MediaMeta:
    return MediaMeta(
        mime=content.mime,
        size=content.size,
        name=name,
        width=content.width,
        height=content.height,
        duration=content.duration,
        thumb=content.thumb is not None,
        placeholder=content.placeholder,
        waveform=None if content.waveform is None else list(content.waveform),
    )
