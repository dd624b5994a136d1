"""Every component in every state, in both themes and languages, looks as it did: `make design`."""

from collections.abc import Iterator

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.page.design.gallery import (
    SIZES,
    VARIANTS,
    apart,
    drawn,
    reference,
    served,
    window,
)

# Of coarse pixels. The same fonts otherwise smoothed and placed come to 0.6 % at most; bubbles on
# the wrong side, a lost colour, a row that is 8 pixels higher, letters of another size to 1.3 % up
# to 30 % of a board. A radius, or a gap in a single place, stays below it.
TOLERATED = 0.012


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as address:
        yield address


@pytest.fixture(scope="module", params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def page(browser: Browser, variant: str) -> Iterator[Page]:
    with window(browser, variant) as shown:
        yield shown


@pytest.mark.parametrize("board", SIZES)
def test_it_looks_as_before(page: Page, url: str, variant: str, board: str) -> None:
    with Image.open(reference(board, variant)) as before:
        moved = apart(drawn(page, url, board), before.convert("RGB"))
    assert moved <= TOLERATED, f"{board} in {variant}: {moved:.2%}; if it is meant, make design"
