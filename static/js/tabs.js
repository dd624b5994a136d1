/** Tabs of one browser share the cookie: who signs in or out in one of them does so in all. */
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("tornado-im") : null;

/** @param {"signed-in"|"signing-out"} event */
export function tellTabs(event) {
  channel?.postMessage(event);
}

export function onTabs(listener) {
  channel?.addEventListener("message", ({ data }) => listener(data));
}
