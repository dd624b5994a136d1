"""The whole site as one table."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from handlers import (
    accounts,
    audit,
    chat,
    conversation,
    export,
    figures,
    group,
    invites,
    media,
    openapi,
    people,
    reports,
    search,
    site,
    stickers,
    tus,
    user,
    words,
)
from handlers.base import BaseHandler, UnknownHandler
from server.services import Services
from server.text import LANGUAGES

_UID: Final = r"([^/]+)"
_CONV: Final = r"/api/conversations/([^/]+)"
_GROUP: Final = r"/api/groups/([^/]+)"

API: Final[tuple[tuple[str, type[BaseHandler]], ...]] = (
    (r"/api/user/register", user.RegisterHandler),
    (r"/api/user/login", user.LoginHandler),
    (r"/api/user/refresh", user.RefreshHandler),
    (r"/api/user/logout", user.LogoutHandler),
    (r"/api/user/me", user.MeHandler),
    (r"/api/user/export", export.ExportHandler),
    (r"/api/user/password", user.PasswordHandler),
    (r"/api/user/sessions", user.SessionsHandler),
    (r"/api/user/sessions/([^/]+)", user.SessionHandler),
    (r"/api/user/blocks", people.BlocksHandler),
    (r"/api/user/search", people.SearchHandler),
    (rf"/api/user/{_UID}", people.PersonHandler),
    (rf"/api/user/{_UID}/block", people.BlockHandler),
    (r"/api/users", people.UsersHandler),
    (r"/api/test/test", user.TestHandler),
    (r"/api/conversations", conversation.ConversationsHandler),
    (_CONV, conversation.ConversationHandler),
    (rf"{_CONV}/reads", conversation.ReadsHandler),
    (rf"{_CONV}/messages", conversation.MessagesHandler),
    (rf"{_CONV}/messages/([^/]+)", conversation.MessageHandler),
    (rf"{_CONV}/messages/([^/]+)/reactions", conversation.ReactionsHandler),
    (rf"{_CONV}/messages/([^/]+)/reactions/([^/]+)", conversation.ReactionHandler),
    (rf"{_CONV}/messages/([^/]+)/report", conversation.MessageReportHandler),
    (rf"{_CONV}/read", conversation.ReadHandler),
    (r"/api/groups", group.GroupsHandler),
    (_GROUP, group.GroupHandler),
    (rf"{_GROUP}/members", group.MembersHandler),
    (rf"{_GROUP}/members/([^/]+)", group.MemberHandler),
    (rf"{_GROUP}/links", group.LinksHandler),
    (rf"{_GROUP}/links/([^/]+)", group.LinkHandler),
    (r"/api/join/([^/]+)", group.JoinHandler),
    (r"/api/search", search.MessageSearchHandler),
    (r"/api/media", media.UploadHandler),
    (r"/api/media/tus", tus.ResumablesHandler),
    (r"/api/media/tus/([^/]+)", tus.ResumableHandler),
    (r"/api/media/([^/]+)", media.MediumHandler),
    (r"/api/stickers", stickers.StickersHandler),
    (r"/api/admin/users", accounts.AccountsHandler),
    (rf"/api/admin/users/{_UID}/ban", accounts.BanHandler),
    (rf"/api/admin/users/{_UID}/sessions", accounts.SignOutHandler),
    (r"/api/admin/reports", reports.ReportsHandler),
    (r"/api/admin/reports/([^/]+)", reports.ReportHandler),
    (r"/api/admin/stats", figures.StatsHandler),
    (r"/api/admin/stats/history", figures.HistoryHandler),
    (r"/api/admin/audit", audit.AuditHandler),
    (r"/api/admin/invites", invites.InvitesHandler),
    (r"/api/admin/words", words.WordsHandler),
    (r"/ws", chat.ChatHandler),
    (r"/healthz", site.HealthHandler),
    (r"/readyz", site.ReadyHandler),
    (r"/metrics", figures.MetricsHandler),
    (r"/api/openapi\.json", site.DocumentHandler),
)

PAGES: Final[tuple[tuple[str, type[BaseHandler]], ...]] = (
    (r"/static/(.*)", site.StaticHandler),
    (r"/docs()", site.DocsHandler),
    (r"/()", site.PageHandler),
    (r"/join/([^/]+)", site.JoinPageHandler),
    (r"/admin()", site.AdminPageHandler),
)


def document() -> dict[str, Any]:
    """The description of every route, as `/api/openapi.json` gives it."""
    return openapi.document((*API, *PAGES))


def routes(services: Services) -> list[tuple[str, type[BaseHandler], dict[str, Any]]]:
    """The table that Tornado takes; what matches nothing is answered by `UnknownHandler`."""
    ours = {"services": services}
    described = document()
    documents = {
        language: msgspec.json.encode(openapi.translated(described, language))
        for language in LANGUAGES
    }
    more: dict[type[BaseHandler], dict[str, Any]] = {
        site.DocumentHandler: {"documents": documents},
        site.StaticHandler: {"path": str(site.STATIC)},
    }
    return [
        *((pattern, handler, ours | more.get(handler, {})) for pattern, handler in (*API, *PAGES)),
        (r".*", UnknownHandler, ours),
    ]
