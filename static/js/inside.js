/**
 * What only who is signed in needs: most of the page. It is fetched all at once, as index.html lists it, and before
 * it is known that somebody is signed in wherever that is likely (boot.js).
 */
import { startLanguage } from "./i18n.js";
import { fetchSheet } from "./sheets.js";

/** What room.js exports, once it has come. */
export let room = null;

let coming = null;

/** What did not come is asked for again. */
export function fetchInside() {
  coming ??= fetched().catch((problem) => {
    coming = null;
    throw problem;
  });
  return coming;
}

async function fetched() {
  const { content } = document.getElementById("inside");
  document.head.append(content.cloneNode(true));
  const sheets = [...content.querySelectorAll("[as=style]")].map((link) => link.getAttribute("href").match(/([\w-]+)\.css$/)[1]);
  const [found] = await Promise.all([startLanguage().then(() => import("./room.js")), ...["panels", ...sheets].map(fetchSheet)]);
  room = found;
  return room;
}
