"""Every service with what it works with: one list, to be read from top to bottom.

Nothing runs yet when it is done; `server/app.py` starts what has to run, and stops it.
"""

from __future__ import annotations

import secrets
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final

from conf.settings import Settings
from handlers.chat import ChatHandler
from handlers.site import STATIC
from models import (
    audit,
    conversation,
    digests,
    extent,
    figures,
    group,
    media,
    message,
    outbox,
    report,
    token,
    user,
)
from models.admin import AdminActs
from models.bus import Bus
from models.deletion import Deletions as EndedAccounts
from models.dirty import Dirty
from models.invite import Invites as InviteList
from models.lease import Leases
from models.rate import Rates
from models.stores import Stores
from models.upload import Resumables
from models.word import WordList
from server import __version__, stickers, words
from server.admins import Admins
from server.amendments import Amendments
from server.audit import Audit
from server.content import Contents
from server.conversations import Conversations
from server.credentials import Passwords, TokenSigner
from server.deletion import Deletions
from server.delivery import Delivery
from server.draft import Commit
from server.expiry import Expiry
from server.export import Export
from server.fanout import Fanout
from server.figures import Figures
from server.following import Follower
from server.gate import Gate
from server.groups import Groups
from server.heartbeat import Heartbeat
from server.inheritance import Inheritance
from server.invites import Invites
from server.keeping import Keeping
from server.listening import ANY_ADDRESS
from server.listing import Listing
from server.log import MessageLog
from server.media import Media
from server.media_sweep import MediaSweep
from server.meter import Meter
from server.orphans import Orphans
from server.outbox import Changes
from server.people import People
from server.policy import Policy
from server.positions import Positions
from server.presence import Presence
from server.reading import Reading
from server.recent import Recent
from server.refusals import Refusals
from server.reports import Reports
from server.requests import Requests
from server.revocation import Revocation
from server.rosters import Rosters
from server.search import Search
from server.search_folder import SearchFolder
from server.services import Services
from server.sessions import Sessions
from server.sockets import Sockets
from server.turns import Turns
from server.tus import Tus
from server.uploads import Uploads

MIB: Final = 1024 * 1024

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Work:
    """What runs beside the requests."""

    services: Services
    log: MessageLog
    positions: Positions
    orphans: Orphans
    bus: Bus
    forever: dict[str, Coroutine[Any, Any, None]]


async def wire(inheritance: Inheritance, stores: Stores, passwords: Passwords, worker: int) -> Work:
    """Make every service with what it works with; nothing runs yet."""
    settings = inheritance.settings
    packs = stickers.read(STATIC / "stickers")
    process = secrets.token_hex(8)
    peers = ChatHandler.peers
    users, blocks = user.Users(stores.sql), user.Blocks(stores.sql)
    messages, heads = message.Messages(stores), conversation.Conversations(stores)
    await messages.create_indexes()
    await heads.create_indexes()
    stored_media, contents = media.Media(stores), digests.Digests(stores)
    await stored_media.create_indexes()
    await contents.create_indexes()
    resumables = Resumables(stores)
    await resumables.create_indexes()
    dirty = Dirty(stores.redis_client, stores.redis, process)
    await dirty.announce()
    folder = SearchFolder(settings.service.data_dir)
    follower = Follower(
        folder,
        messages,
        extent.Extents(stores),
        dirty,
        tell=lambda seqs: bus.publish("all", {"event": "reached", "seqs": seqs}),
        is_busy=lambda: log.busy,
    )
    orphans = Orphans(heads, messages, dirty, on_caught_up=follower.reached)

    def hear(channel: str, event: dict[str, Any]) -> None:
        sockets.hear(channel, event)
        follower.hear(event)
        listed.hear(event)
        counted.hear(event)

    def recover() -> None:
        sockets.recover()
        listed.interrupted()
        follower.interrupted()

    def committed(commits: Sequence[Commit]) -> None:
        gate.commit(commits)
        follower.committed(commits)

    bus = Bus(
        stores.redis_client,
        stores.redis,
        process,
        on_event=hear,
        on_interrupted=recover,
    )
    positions = Positions(
        heads, messages, dirty, epoch=lambda: bus.epoch, is_alone=lambda: bus.alone
    )
    presence = Presence(peers, bus)
    fanout = Fanout(peers, bus, presence)
    recent = Recent()
    gate = Gate(
        peers,
        fanout,
        positions,
        messages,
        recent,
        is_pending=lambda number: number in log.pending,
        is_heard=lambda: sockets.heard,
        on_joined=lambda conv: sockets.joined(conv),
        on_closed=lambda convs: sockets.let_go(convs),
    )
    leases = Leases(stores.redis_client, stores.redis, process)
    turns = Turns(leases, bus)
    log = MessageLog(
        messages,
        positions,
        process=process,
        on_commit=committed,
        on_abandon=gate.abandon,
        turns=turns,
        is_hopeless=lambda: stores.mongo.given_up or bus.given_up,
    )
    people = People(users, blocks, presence, bus)
    listed = words.Words(
        WordList(stores.sql),
        bus,
        words.read(settings.chat.words_file or words.FILE),
        mask=settings.chat.words_action == "mask",
    )
    groups = group.Groups(stores.sql)
    rosters = Rosters(groups, bus)
    policy = Policy(settings.chat, people, positions)
    reading = Reading(messages, positions, recent)
    rates = Rates(stores.redis_client, stores.redis)
    tokens = token.Tokens(stores.redis_client, stores.redis)
    revocation = Revocation(tokens, peers, bus)
    invites = Invites(InviteList(stores.sql), users, register=settings.service.register)
    sessions = Sessions(
        users,
        invites,
        people,
        tokens,
        revocation,
        rates,
        TokenSigner(inheritance.key, settings.service.token_hours),
        passwords,
        peers,
        fanout,
        bus,
        settings.limits,
    )
    sockets = Sockets(
        peers,
        bus,
        sessions,
        people,
        rosters,
        positions,
        gate,
        presence,
        fanout,
        turns,
        settings.limits,
        settings.media,
        version=__version__,
    )
    keeping = Keeping(contents, stores.blobs)
    uploads = Uploads(settings.service.data_dir, max_bytes=settings.media.max_file_mb * MIB)
    reported = report.Reports(stores.sql)
    uploaded = Media(
        stored_media,
        keeping,
        Contents(
            max_image_bytes=settings.media.max_image_mb * MIB,
            voice_seconds=settings.media.voice_seconds,
        ),
        messages,
        policy,
        people,
        rosters,
        rates,
        reported,
        per_minute=settings.limits.uploads_per_minute,
    )
    tus = Tus(resumables, uploaded, uploads)
    media_sweep = MediaSweep(stored_media, uploaded, keeping, uploads, tus, leases)
    expiry = Expiry(
        heads,
        messages,
        positions,
        uploaded,
        leases,
        bus,
        days=settings.chat.message_days,
        on_floor=follower.expired,
    )
    delivery = Delivery(policy, messages, positions, presence, uploaded, packs, listed, log)
    changes = Changes(outbox.Outbox(stores.sql), messages, delivery, uploaded, bus.is_alone)
    amendments = Amendments(settings.chat, messages, policy, delivery, changes, packs, listed)
    trail = Audit(audit.AuditTrail(stores.sql))
    accounts = AdminActs(stores.sql)
    admins = Admins(people, accounts, revocation, trail)
    reports = Reports(
        reported, messages, policy, uploaded, amendments, admins, trail, rates, leases
    )
    heartbeat = Heartbeat()
    refusals = Refusals()
    meter = Meter(
        stores,
        bus,
        peers,
        log,
        uploaded,
        refusals,
        heartbeat.lags,
        family=inheritance.family,
        worker=worker,
    )
    counted = Figures(figures.Figures(stores.sql), meter, accounts, reported, bus)
    joined = Groups(
        groups, rosters, people, uploaded, changes, listed, group_max=settings.chat.group_max
    )
    deletions = Deletions(
        EndedAccounts(stores.sql),
        sessions,
        people,
        revocation,
        joined,
        uploaded,
        tus,
        expiry,
        heads,
        bus.is_alone,
    )
    services = Services(
        settings=settings,
        stores=stores,
        sessions=sessions,
        people=people,
        conversations=Conversations(positions, people, reading, fanout, bus),
        listing=Listing(positions, messages, recent, people, rosters),
        groups=joined,
        reading=reading,
        delivery=delivery,
        amendments=amendments,
        search=Search(folder, follower, policy, positions, messages),
        media=uploaded,
        uploads=uploads,
        tus=tus,
        stickers=packs,
        admins=admins,
        words=listed,
        invites=invites,
        deletions=deletions,
        export=Export(
            users, blocks, people, sessions, joined, positions, messages, uploaded, reported
        ),
        audit=trail,
        reports=reports,
        refusals=refusals,
        figures=counted,
        policy=policy,
        fanout=fanout,
        peers=peers,
        sockets=sockets,
        heartbeat=heartbeat,
        requests=Requests(),
        allowed_hosts=_allowed_hosts(settings),
    )
    forever = {
        **bus.loops(),
        **log.loops(),
        **positions.loops(),
        "dead processes": orphans.watch(),
        "presence": presence.run(),
        "outbox": changes.sweep(),
        "device use": sockets.run(),
        "heartbeat": heartbeat.run(),
        "expiry": expiry.run(),
        "media": media_sweep.run(),
        "reports": reports.sweep(),
        "words": listed.run(),
        "deletions": deletions.sweep(),
        "figures": counted.run(),
        "health of stores": meter.look(),
        **follower.loops(),
    }
    return Work(services, log, positions, orphans, bus, forever)


def _allowed_hosts(settings: Settings) -> frozenset[str]:
    service = settings.service
    if service.allowed_hosts:
        return frozenset(service.allowed_hosts)
    if service.host in ANY_ADDRESS:
        return frozenset()
    return LOOPBACK | {service.host.lower()}
