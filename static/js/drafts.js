/** What was typed and not sent, per conversation; survives a reload. */
import { forget, keysUnder, onForgotten, recall, remember } from "./prefs.js";
import { get, set } from "./store.js";

export function loadDrafts(uid) {
  const prefix = `draft.${uid}.`;
  return Object.fromEntries(keysUnder(prefix).map((conv) => [conv, recall(prefix + conv)]));
}

/** Where another tab has sent what was typed there, what was typed in this one stays remembered. */
export function startDrafts() {
  onForgotten("draft.", (name, was) => {
    const { me, drafts } = get();
    const [uid, conv] = name.split(".");
    const mine = String(me?.uid) === uid && drafts[conv];
    if (mine && mine.text !== was.text) remember(`draft.${name}`, mine);
  });
}

/** @param {{text: string, reply_to?: number, edit?: number, kept?: object}} draft  an empty one is forgotten; `kept` is what comes back after it, or when the box is met empty */
export function keepDraft(conv, draft) {
  const { me, drafts } = get();
  const { [conv]: _, ...others } = drafts;
  if (!draft.text && !draft.reply_to && !draft.edit && !draft.kept?.text) {
    forget(`draft.${me.uid}.${conv}`);
    set({ drafts: others });
  } else {
    remember(`draft.${me.uid}.${conv}`, draft);
    set({ drafts: { ...others, [conv]: draft } });
  }
}
