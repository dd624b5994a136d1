"""What a finger can press, and what it does step by step."""

from playwright.sync_api import Page

# Of everything that is pressed, what a finger misses 21 px above or below its middle. A link within
# a text is as high as its line.
SMALL = """() => {
  const pressed = `button, a[href], select, label:has(input), input:not([type=radio]),
    [role=option]`;
  const hit = (one, by) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return document.elementFromPoint(x + width / 2, y + height / 2 + by);
  };
  const within = (one, found) => !found || one.contains(found);
  const missed = (one) => {
    one.scrollIntoView({ block: "center", behavior: "instant" });
    return within(one, hit(one, 0)) && [-21, 21].some((by) => !within(one, hit(one, by)));
  };
  return [...document.querySelectorAll(pressed)]
    .filter((one) => one.offsetWidth && !one.disabled && !one.closest("p, .words, td a"))
    .filter(missed)
    .map((one) => `${one.className || one.tagName} ${one.ariaLabel ?? one.textContent}`);
}"""


class Fingers:
    """On a touch screen; each step says where they all are, in px of the window."""

    def __init__(self, page: Page) -> None:
        self._session = page.context.new_cdp_session(page)

    def down(self, *points: tuple[float, float]) -> None:
        self._step("touchStart", points)

    def move(self, *points: tuple[float, float]) -> None:
        self._step("touchMove", points)

    def up(self) -> None:
        self._step("touchEnd", ())

    def draw(self, *way: tuple[float, float]) -> None:
        """With one finger."""
        self.down(way[0])
        for point in way[1:]:
            self.move(point)
        self.up()

    def _step(self, what: str, points: tuple[tuple[float, float], ...]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._session.send("Input.dispatchTouchEvent", {"type": what, "touchPoints": touches})
