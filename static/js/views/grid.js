/** Arrow keys in rows of buttons: to the left and right by order, up and down by what is seen above and below. */

/** @returns the button that a key leads to from `here`; undefined at an edge, or for another key */
export function neighbour(buttons, here, key) {
  const at = buttons.indexOf(here);
  if (key === "ArrowLeft" || key === "ArrowRight") return buttons[at + (key === "ArrowRight" ? 1 : -1)];
  if (key === "Home" || key === "End") return buttons.at(key === "Home" ? 0 : -1);
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  const step = key === "ArrowDown" ? 1 : -1;
  const from = here.getBoundingClientRect();
  let best;
  for (let next = at + step; buttons[next]; next += step) {
    const place = buttons[next].getBoundingClientRect();
    if (Math.abs(place.top - from.top) < from.height / 2) continue; // in the same row
    if (best && Math.abs(place.top - best.top) > from.height / 2) break; // past the next row
    const far = Math.abs(place.left - from.left);
    if (!best || far < best.far) best = { button: buttons[next], far, top: place.top };
  }
  return best?.button;
}
