/** Which room of the page is shown: `#/people`, and behind it what was looked for there. */
import { arrived } from "../js/covers.js";
import { set } from "../js/store.js";

export const ROOMS = ["figures", "reports", "people", "words", "audit"];

export function startRoute() {
  window.addEventListener("popstate", () => arrived() && read());
  arrived();
  read();
}

function read() {
  const [, name, rest] = location.hash.split("/");
  set({ route: { name: ROOMS.includes(name) ? name : ROOMS[0], query: decode(rest) } });
}

function decode(text = "") {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

export function roomPath(name, query = "") {
  return `#/${name}${query ? `/${encodeURIComponent(query)}` : ""}`;
}
