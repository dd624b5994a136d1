"""The contract's own tests once more, on these stores: `server` is another here."""

# ruff: noqa: F403
from tests.handlers.test_auth import *
from tests.handlers.test_chat import *
from tests.handlers.test_conversation import *
from tests.handlers.test_people import *
from tests.handlers.test_user import *
