/**
 * The place in the page is the URL's hash: "#/", "#/c/{conv}", "#/c/{conv}/info", "#/settings". So a reload
 * comes back to it, and a phone's back button and gesture work. A link into a group is a path, "/join/{code}".
 * What lies over the page (a dialog, a menu, the panel, the viewer) has entries of its own in the history, so that
 * the same gesture closes the topmost of them: see covers.js.
 */
import { arrived, enter, leave, onceThere, replace } from "./covers.js";
import { get, set } from "./store.js";

const CONV = /^([1-9]\d*:[1-9]\d*|g[1-9]\d*)(\/info)?$/;
const LINK = /^\/join\/([^/]+)$/;

function parse(hash) {
  const [, name, rest] = hash.match(/^#\/(\w+)(?:\/(.+))?$/) ?? [];
  const [, conv, info] = (name === "c" && rest?.match(CONV)) || [];
  if (conv) return { name: info ? "info" : "chat", conv: conv.split(":").sort((one, other) => one - other).join(":") };
  // Settings lie over the conversation that they were opened from.
  if (name === "settings") return { name: "settings", conv: history.state?.under };
  return { name: "home" };
}

function address(route) {
  if (route.name === "chat") return `#/c/${route.conv}`;
  if (route.name === "info") return `#/c/${route.conv}/info`;
  return route.name === "settings" ? "#/settings" : "#/";
}

export function startRoute() {
  const [, code] = location.pathname.match(LINK) ?? [];
  if (code) set({ invitation: decoded(code) });
  const follow = () => set({ route: parse(location.hash) });
  window.addEventListener("popstate", () => arrived() && follow());
  arrived();
  follow();
}

/** The link is answered: from now on a reload does not ask again. */
export function closeInvitation() {
  history.replaceState(history.state, "", `/${location.hash}`);
  set({ invitation: null });
}

function decoded(code) {
  try {
    return decodeURIComponent(code);
  } catch {
    return code; // no link that a server has made
  }
}

/**
 * Goes somewhere. From one conversation to the next the entry is replaced, so that "back" always
 * means the list, however many were looked at.
 */
export function go(route) {
  onceThere(() => goNow(route));
}

function goNow(route) {
  const now = get().route;
  if (address(now) === address(route)) return;
  const replaces = route.name === "chat" && (now.name === "chat" || now.name === "info");
  if (replaces) replace(address(route));
  else enter({ inside: true, under: now.conv }, address(route));
  set({ route: parse(location.hash) });
}

/** The page's own back button: the same step as the browser's where there is one within the page. */
export function back() {
  if (history.state?.inside) leave();
  else leaveAll();
}

/** To the list, by no step: what was there is not to be come back to. */
export function leaveAll() {
  replace("#/");
  set({ route: { name: "home" } });
}
