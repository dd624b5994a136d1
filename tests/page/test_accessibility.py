"""axe-core finds nothing in the main views, in both themes and languages.

`make page-report` looks at all views.
"""

import pytest
from playwright.sync_api import Browser

from tests.packages import needed
from tests.page.report.axe import Look, audit, violations
from tests.page.report.stage import stage, window
from tests.page.report.views import DOOR, MAIN
from tests.running import Server

# Each theme and each language once; the report tries all four together.
LOOKS: list[Look] = [("en", "light"), ("zh", "dark")]


@pytest.fixture(autouse=True)
def package() -> None:
    needed("axe-core")


def test_a_fault_is_found(browser: Browser) -> None:
    with window(browser) as page:
        page.set_content("<main><h1>Here</h1><button></button></main>")
        assert "button-name" in violations(page)[0]


def test_nothing_is_found(browser: Browser, server: Server) -> None:
    scene = stage(server)
    with window(browser) as page:
        found = list(audit(page, scene, DOOR, LOOKS))
    with window(browser, scene.ann) as page:
        found += audit(page, scene, MAIN, LOOKS)
    assert found == []
