"""axe-core on a page: what it finds, in each theme and language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import product

from playwright.sync_api import Page

from tests.packages import MODULES
from tests.page.report.stage import Stage
from tests.page.report.views import View

Look = tuple[str, str]
"""A language and a theme."""

LOOKS: list[Look] = list(product(("en", "zh"), ("light", "dark")))

CHOOSE = """async ([lang, theme]) => {
    const { src } = document.querySelector("[type=module]");
    const { chooseLanguage } = await import(new URL("../js/i18n.js", src));
    await chooseLanguage(lang);
    document.documentElement.dataset.theme = theme;
}"""

# What moves is not yet what it will be.
STILL = "async () => Promise.allSettled(document.getAnimations().map((one) => one.finished))"

RUN = """async () => {
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary}`));
}"""


@cache
def source() -> str:
    return (MODULES / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """Past the page's policy, as an extension of the browser would."""
    page.evaluate(STILL)
    page.evaluate(source())
    found: list[str] = page.evaluate(RUN)
    return found


def audit(
    page: Page, stage: Stage, views: Mapping[str, View], looks: Iterable[Look] = LOOKS
) -> Iterator[str]:
    """What is found in these views, each in some looks."""
    for name, view in views.items():
        view(page, stage)
        for look in looks:
            page.evaluate(CHOOSE, look)
            for violation in violations(page):
                yield f"{name} in {' and '.join(look)}: {violation}"
