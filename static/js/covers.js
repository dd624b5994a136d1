/**
 * What lies over the page and the browser's history: each cover has an entry, so that a phone's back gesture closes
 * the topmost one. An entry's state is `{at, depth, ...}`: its number, and how many covers it stands for.
 *
 * A cover that is closed by a click leaves its entry behind, spent: to take that away would be a step back, which
 * happens later than what is done next. The next cover or place uses it again, and a step back from it is made two.
 */

/** Functions that close what lies over the page, the topmost last. */
const covers = [];

/** The entry that we were at when we last looked. */
let last = { at: 0, depth: 0 };

/** A step back of the page's own is on its way, which browsers make a moment later; and what waits for that. */
let leaving = false;
const waiting = [];

function now() {
  return { at: 0, depth: 0, ...history.state };
}

/** A step in the history was made. Whether the place of the page is to be read anew. */
export function arrived() {
  // An address that was typed or linked has no state yet: it is new, and lies before us.
  if (!history.state) history.replaceState({ at: last.at + 1, depth: 0 }, "");
  const [from, to] = [last, now()];
  last = to;
  if (leaving) {
    leaving = false;
    settle(); // what was opened meanwhile lies over the place that we come to
    queueMicrotask(() => waiting.splice(0).forEach((act) => act()));
    return true;
  }
  if (to.at >= from.at) return true;
  const open = covers.length > to.depth;
  while (covers.length > to.depth) covers.pop()();
  const spent = !open && from.at - to.at === 1 && from.depth > to.depth;
  if (spent) history.back();
  return !open && !spent;
}

/** Something lies over the page from now on. @returns what to call when it does not any more, for whatever reason */
export function cover(close) {
  covers.push(close);
  if (!leaving) settle();
  return () => {
    const index = covers.lastIndexOf(close);
    if (index >= 0) covers.splice(index, 1);
  };
}

/** An entry for each cover. */
function settle() {
  for (let { at, depth, ...state } = now(); depth < covers.length; ) history.pushState({ ...state, at: ++at, depth: ++depth }, "");
  last = now();
}

/** Another place, in a new entry or a spent one. */
export function enter(state, address) {
  const { at, depth } = now();
  if (depth > 0) history.replaceState({ ...state, at, depth: 0 }, "", address);
  else history.pushState({ ...state, at: at + 1, depth: 0 }, "", address);
  last = now();
}

/** Another place instead of this one. A spent entry stays so: what is below it is left as well. */
export function replace(address) {
  history.replaceState(now(), "", address);
  last = now();
}

/** Calls `act` when no step back is on its way: now, or a moment later. */
export function onceThere(act) {
  if (leaving) waiting.push(act);
  else act();
}

/** To the place before this one, past entries that are spent. */
export function leave() {
  leaving = true;
  history.go(-1 - now().depth);
}
