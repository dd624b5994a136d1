"""The contract's own tests once more, on these stores: `server` is another here."""

# ruff: noqa: F403
import ast
from pathlib import Path

from tests.handlers.test_accounts import *
from tests.handlers.test_admin import *
from tests.handlers.test_auth_device import *
from tests.handlers.test_auth_token import *
from tests.handlers.test_chat_edit import *
from tests.handlers.test_chat_end import *
from tests.handlers.test_chat_group import *
from tests.handlers.test_chat_presence import *
from tests.handlers.test_chat_react import *
from tests.handlers.test_chat_reading import *
from tests.handlers.test_chat_recall import *
from tests.handlers.test_chat_send import *
from tests.handlers.test_conversation_list import *
from tests.handlers.test_conversation_messages import *
from tests.handlers.test_conversation_pages import *
from tests.handlers.test_deletion import *
from tests.handlers.test_export import *
from tests.handlers.test_figures import *
from tests.handlers.test_group import *
from tests.handlers.test_group_links import *
from tests.handlers.test_group_members import *
from tests.handlers.test_group_reading import *
from tests.handlers.test_invites import *
from tests.handlers.test_media_access import *
from tests.handlers.test_media_download import *
from tests.handlers.test_media_s3 import *
from tests.handlers.test_media_upload import *
from tests.handlers.test_people import *
from tests.handlers.test_reports import *
from tests.handlers.test_search import *
from tests.handlers.test_stickers import *
from tests.handlers.test_tus import *
from tests.handlers.test_tus_client import *
from tests.handlers.test_tus_resume import *
from tests.handlers.test_user_login import *
from tests.handlers.test_user_me import *
from tests.handlers.test_user_register import *
from tests.handlers.test_words import *

STORELESS = {
    "test_auth_origin",
    "test_base",
    "test_base_body",
    "test_call",
    "test_chat_frames",
    "test_chat_handshake",
    "test_chat_sync",
    "test_frames",
    "test_framing",
    "test_media_memory",
    "test_openapi",
    "test_site",
}
"""Files whose tests ask nothing of SQL or Redis that would depend on which one it is."""


def test_none_of_them_is_left_out_or_hidden_by_another_of_its_name() -> None:
    there = set()
    for file in sorted((Path(__file__).parents[1] / "handlers").glob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            name = getattr(node, "name", "")
            if name.startswith("test_") and file.stem not in STORELESS:
                there.add((f"tests.handlers.{file.stem}", name))
    here = {
        (value.__module__, name) for name, value in globals().items() if name.startswith("test_")
    }
    assert there <= here
