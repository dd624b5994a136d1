/**
 * Mentions while they are written and when they are read. Pure functions.
 *
 * What stands in a text is "@name"; who is meant is chosen beside it, `{uid: name}` (uid may be "all"),
 * and counts as long as the name still stands there.
 */

/** An address in a text has letters before its @. */
const ASKED = /(?<![A-Za-z0-9._-])@([^\s@]{0,32})$/u;

/** What stands between an "@" and the caret: `{from, query}`, or null where nobody is being looked for. */
export function asked(text, caret) {
  const found = ASKED.exec(text.slice(0, caret));
  return found && { from: found.index, query: found[1] };
}

/** The text with a name in the place of what was typed, and where the caret is then. */
export function inserted(text, { from, query }, name) {
  const head = `${text.slice(0, from)}@${name} `;
  return { text: head + text.slice(from + 1 + query.length).replace(/^ /, ""), caret: head.length };
}

/** Whom a text mentions, of those who were chosen: "all", uids, or undefined for nobody. */
export function mentioned(text, chosen = {}) {
  const there = Object.keys(chosen).filter((uid) => text.includes(`@${chosen[uid]}`));
  if (there.includes("all")) return "all";
  return there.length ? there.map(Number) : undefined;
}

/** People whose name or user name begins with the query, then those who have it somewhere inside. */
export function matching(people, query) {
  const wanted = query.toLocaleLowerCase();
  const rank = ({ name, user_name = "" }) => {
    const words = [name, user_name].map((word) => word.toLocaleLowerCase());
    return words.some((word) => word.startsWith(wanted)) ? 0 : words.some((word) => word.includes(wanted)) ? 1 : 2;
  };
  const ranked = people.map((person) => [rank(person), person]).filter(([place]) => place < 2);
  return ranked.sort(([a], [b]) => a - b).map(([, person]) => person);
}

/** Splits a text where one of the names stands behind an "@": `[{text, mention?: true}]`; longer names first. */
export function marked(text, names) {
  const wanted = names.filter(Boolean).sort((a, b) => b.length - a.length).map((name) => `@${name}`);
  const parts = [];
  let plain = "";
  for (let at = 0; at < text.length; ) {
    const name = text[at] === "@" && wanted.find((one) => text.startsWith(one, at));
    if (!name) plain += text[at++];
    else {
      if (plain) parts.push({ text: plain });
      plain = "";
      parts.push({ text: name, mention: true });
      at += name.length;
    }
  }
  return plain ? [...parts, { text: plain }] : parts;
}
