/** What this browser remembers beside the cookie: small values in localStorage, or in memory where there is none. */

const PREFIX = "im.";

function openStorage() {
  try {
    localStorage.setItem(`${PREFIX}probe`, "1");
    localStorage.removeItem(`${PREFIX}probe`);
    return localStorage;
  } catch {
    return null; // blocked by the browser's settings: the page works, it only forgets
  }
}

const storage = openStorage();
const memory = new Map();

export function recall(key, fallback = null) {
  const raw = storage ? storage.getItem(PREFIX + key) : memory.get(key);
  if (raw === null || raw === undefined) return fallback;
  try {
    return JSON.parse(raw);
  } catch {
    return fallback;
  }
}

export function remember(key, value) {
  const raw = JSON.stringify(value);
  if (!storage) return void memory.set(key, raw);
  try {
    storage.setItem(PREFIX + key, raw);
  } catch {
    memory.set(key, raw); // the quota is spent
  }
}

export function forget(key) {
  memory.delete(key);
  storage?.removeItem(PREFIX + key);
}

/** Keys under a prefix, without the prefix. */
export function keysUnder(prefix) {
  const keys = storage ? Object.keys(storage).filter((key) => key.startsWith(PREFIX)) : [];
  const names = new Set([...keys.map((key) => key.slice(PREFIX.length)), ...memory.keys()]);
  return [...names].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

/** `listener` is told of what another tab forgets under a prefix: the key without that, and what it was. */
export function onForgotten(prefix, listener) {
  window.addEventListener("storage", ({ key, oldValue, newValue }) => {
    if (newValue === null && key?.startsWith(PREFIX + prefix)) listener(key.slice((PREFIX + prefix).length), JSON.parse(oldValue));
  });
}

/** The outbox of one person: an item per entry, so that two tabs do not overwrite each other. */
export function outboxStorage(uid) {
  const prefix = `out.${uid}.`;
  return {
    load: () => keysUnder(prefix).map((id) => recall(prefix + id)).filter(Boolean),
    put: (entry) => remember(prefix + entry.id, entry),
    remove: (id) => forget(prefix + id),
  };
}
