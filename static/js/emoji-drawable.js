/**
 * Which emoji this browser has pictures of: systems lag behind Unicode, and some have no flags. One of each
 * kind is drawn out of sight and looked at.
 */

const SIZE = 24;
const FLAGS = 9;
const ZWJ = "\u200d";
const INKS = ["#000000", "#ffffff"];

/** A sequence that the font does not know is drawn as its parts beside each other. */
const WIDER = 1.6;

/** @param {{emoji: string, group: number, version: number}[]} known */
export function drawable(known) {
  const context = canvas();
  const single = context.measureText("😀").width;
  const looked = new Map();
  return known.filter((one) => {
    const kind = `${one.version} ${one.emoji.includes(ZWJ)} ${one.group === FLAGS}`;
    if (!looked.has(kind)) looked.set(kind, context.measureText(one.emoji).width < single * WIDER && coloured(context, one.emoji));
    return looked.get(kind);
  });
}

function canvas() {
  const context = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE }).getContext("2d", { willReadFrequently: true });
  context.font = `${SIZE / 2}px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = "top";
  return context;
}

/** A picture looks the same whatever the ink; an empty box, or letters in place of a flag, do not. */
function coloured(context, emoji) {
  const [dark, light] = INKS.map((ink) => {
    context.clearRect(0, 0, SIZE, SIZE);
    context.fillStyle = ink;
    context.fillText(emoji, 2, 2);
    return context.getImageData(0, 0, SIZE, SIZE).data;
  });
  return dark.some(Boolean) && dark.every((value, index) => value === light[index]);
}
