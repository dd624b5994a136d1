"""What a finger can press."""

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
