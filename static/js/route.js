/**
 * The place in the page is the URL's hash: "#/", "#/c/{conv}", "#/settings". So a reload comes back to
 * it, and a phone's back button and gesture work.
 */
import { get, set } from "./store.js";

const CONV = /^(\d+:\d+|g\d+)$/;

function parse(hash) {
  const [, name, rest] = hash.match(/^#\/(\w+)(?:\/(.+))?$/) ?? [];
  if (name === "c" && CONV.test(rest)) return { name: "chat", conv: rest };
  // Settings lie over the conversation that they were opened from.
  if (name === "settings") return { name: "settings", conv: history.state?.under };
  return { name: "home" };
}

function address(route) {
  if (route.name === "chat") return `#/c/${route.conv}`;
  return route.name === "settings" ? "#/settings" : "#/";
}

export function startRoute() {
  const follow = () => set({ route: parse(location.hash) });
  window.addEventListener("popstate", follow);
  follow();
}

/**
 * Goes somewhere. From one conversation to the next the entry is replaced, so that "back" always
 * means the list, however many were looked at.
 */
export function go(route) {
  const now = get().route;
  if (address(now) === address(route)) return;
  if (now.name === "chat" && route.name === "chat") history.replaceState(history.state, "", address(route));
  else history.pushState({ inside: true, under: now.conv }, "", address(route));
  set({ route: parse(location.hash) });
}

/** The page's own back button: the same step as the browser's where there is one within the page. */
export function back() {
  if (history.state?.inside) history.back();
  else {
    history.replaceState(null, "", "#/");
    set({ route: { name: "home" } });
  }
}
