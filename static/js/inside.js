/**
 * The two halves of the page, of which one visit mostly needs one: the card at the door, and what lies behind it. Each
 * is fetched all at once, as index.html lists it, and before it is known which it will be wherever one is likely
 * (boot.js).
 */
import { startLanguage } from "./i18n.js";
import { fetchSheet } from "./sheets.js";

/** What views/signin.js exports, once it has come. */
export let door = null;
/** What room.js exports, once it has come. */
export let room = null;

/** The half that `fetching` brings, once; what did not come is asked for again. */
function half(fetching) {
  let coming = null;
  return () => {
    coming ??= fetching().catch((problem) => {
      coming = null;
      throw problem;
    });
    return coming;
  };
}

/** What a template of index.html lists. */
function list(id) {
  const { content } = document.getElementById(id);
  document.head.append(content.cloneNode(true));
  return content;
}

export const fetchDoor = half(async () => {
  list("door");
  return (door = await import("./views/signin.js"));
});

export const fetchInside = half(async () => {
  const sheets = [...list("inside").querySelectorAll("[as=style]")].map((link) => link.getAttribute("href").match(/([\w-]+)\.css$/)[1]);
  const [found] = await Promise.all([startLanguage().then(() => import("./room.js")), ...["panels", ...sheets].map(fetchSheet)]);
  return (room = found);
});
