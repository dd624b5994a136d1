/** Style sheets that are fetched after the first load. */
import { file } from "./files.js";

/** name of a style sheet -> the promise that it is there */
const sheets = new Map();

/** A style sheet of css/, once, before the one that comes last; one that did not come is asked for again. */
export function fetchSheet(name) {
  if (!sheets.has(name)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: file(`css/${name}.css`) });
    const there = new Promise((resolve, reject) => Object.assign(link, { onload: resolve, onerror: reject }));
    sheets.set(name, there);
    there.catch(() => (link.remove(), sheets.delete(name)));
    const last = document.querySelector("link[data-last]");
    if (last) last.before(link);
    else document.head.append(link);
  }
  return sheets.get(name);
}
