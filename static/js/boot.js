// A classic script in the head: the remembered theme and language must stand before the first paint, and whether it is
// the card that is painted. It has the scripts fetched that the page needs, as index.html lists them above it, and what a
// remembered session makes likely to be needed.
(() => {
  const read = (key) => {
    try {
      return JSON.parse(localStorage.getItem(`im.${key}`));
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const theme = read("theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
  const lang = read("lang") ?? navigator.languages.find((tag) => /^(zh|en)\b/i.test(tag)) ?? "en";
  root.lang = /^zh/i.test(lang) ? "zh-CN" : "en";
  const fetchScripts = (...lists) => {
    for (const id of [...lists, `texts-${root.lang.slice(0, 2)}`]) {
      const list = document.getElementById(id);
      if (list) document.head.append(list.content.cloneNode(true));
    }
  };
  if (!document.getElementById("inside")) return fetchScripts(); // another page, which draws nothing without them

  const expires = read("expires");
  const remembered = Boolean(expires) && !(expires.at > 0 && expires.at < Date.now());
  root.toggleAttribute("data-remembered", remembered);
  if (remembered) fetchScripts("first", "inside");
  else {
    // The card can be read and typed into without them, so they do not keep it from being painted.
    let fetched = false;
    const once = () => {
      if (!fetched) fetchScripts("first", "door");
      fetched = true;
    };
    setTimeout(once, document.hidden ? 0 : 1_500); // a browser may not tell of its paints
    if (globalThis.PerformanceObserver) new PerformanceObserver(once).observe({ type: "paint", buffered: true });
  }

  // What is certain to be asked is asked now, and answered while the scripts are read; api.js takes the answers.
  const ask = async (path) => {
    const response = await fetch(path, { headers: { "Accept-Language": root.lang }, signal: AbortSignal.timeout(15_000) });
    return response.ok ? response.json() : null;
  };
  const certain = remembered ? ["/api/user/me", "/api/conversations?limit=100"] : [];
  window.early = { of: JSON.stringify(expires), answers: new Map(certain.map((path) => [path, ask(path).catch(() => null)])) };

  const pressed = [];
  const keep = (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    pressed.push(button);
    event.preventDefault();
  };
  window.addEventListener("click", keep, true);
  /** main.js has drawn the page: what was pressed too early is pressed again, and the page drawn after each. */
  window.taken = async () => {
    window.removeEventListener("click", keep, true);
    for (const button of pressed) {
      button.click();
      await new Promise((drawn) => setTimeout(drawn));
    }
  };
})();
