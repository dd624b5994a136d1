"""What handlers may call, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from conf.settings import Settings
from models.stores import Stores
from server.admins import Admins
from server.amendments import Amendments
from server.audit import Audit
from server.conversations import Conversations
from server.deletion import Deletions
from server.delivery import Delivery
from server.export import Export
from server.fanout import Fanout
from server.figures import Figures
from server.groups import Groups
from server.heartbeat import Heartbeat
from server.invites import Invites
from server.listing import Listing
from server.media import Media
from server.peers import PeerMap
from server.people import People
from server.policy import Policy
from server.reading import Reading
from server.refusals import Refusals
from server.reports import Reports
from server.requests import Requests
from server.search import Search
from server.sessions import Sessions
from server.sockets import Sockets
from server.stickers import Stickers
from server.tus import Tus
from server.uploads import Uploads
from server.words import Words


@dataclass(frozen=True, slots=True)
class Services:
    """Made once, in `server.wiring`."""

    settings: Settings
    stores: Stores
    sessions: Sessions
    people: People
    conversations: Conversations
    listing: Listing
    groups: Groups
    reading: Reading
    delivery: Delivery
    amendments: Amendments
    search: Search
    media: Media
    uploads: Uploads
    tus: Tus
    stickers: Stickers
    words: Words
    invites: Invites
    export: Export
    deletions: Deletions
    admins: Admins
    audit: Audit
    reports: Reports
    refusals: Refusals
    figures: Figures
    policy: Policy
    fanout: Fanout
    peers: PeerMap
    sockets: Sockets
    heartbeat: Heartbeat
    requests: Requests
    allowed_hosts: frozenset[str]
    """Lower case, without port; empty: any."""
