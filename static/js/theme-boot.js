// A classic script in the head: the remembered theme and language must stand before the first paint. What these and a
// remembered session make likely to be needed is asked for at once; index.html lists it above this script.
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
  for (const id of [`texts-${root.lang.slice(0, 2)}`, read("expires") && "inside"]) {
    const list = document.getElementById(id);
    if (list) document.head.append(list.content.cloneNode(true));
  }
})();
