/** People by their uids, and what is done to them. */
import { api } from "../js/api.js";
import { explain, t } from "../js/i18n.js";
import { get, set } from "../js/store.js";

/** How many the server names at once. */
const NAMED = 200;

/** When a ban without an end ends, as the server says it. */
export const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Learns the names of those who are not known yet; a name that does not come is no reason to stop. */
export async function meet(uids) {
  const strangers = [...new Set(uids)].filter((uid) => uid && !get().users[uid]);
  for (let from = 0; from < strangers.length; from += NAMED) {
    const asked = strangers.slice(from, from + NAMED);
    const found = await api.get(`/api/users?ids=${asked.join()}`).catch(() => []);
    learn(found);
  }
}

export function learn(profiles) {
  set({ users: { ...get().users, ...Object.fromEntries(profiles.map((profile) => [profile.uid, profile])) } });
}

export function nameOf(uid) {
  const profile = get().users[uid];
  if (!profile) return t("person.number", { uid });
  return profile.nickname || profile.user_name || t("deleted");
}

export function ban(uid, reason, until) {
  return api.put(`/api/admin/users/${uid}/ban`, until === FOR_EVER ? { reason } : { reason, until });
}

export function unban(uid) {
  return api.delete(`/api/admin/users/${uid}/ban`);
}

export function signOutEverywhere(uid) {
  return api.delete(`/api/admin/users/${uid}/sessions`);
}

/** Does something that cannot be undone, once it was asked for; says how it went. */
export function sure(ask, values, act, done) {
  set({ dialog: { name: "confirm", ask, values, act: () => attempt(act, done) } });
}

export async function attempt(act, done) {
  try {
    const result = await act();
    if (done) say(t(done));
    return result;
  } catch (refusal) {
    say(explain(refusal));
    return undefined;
  }
}

export function say(text) {
  set({ toast: { text, at: Date.now() } });
}
