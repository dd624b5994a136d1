/** What a person can do with groups: make them, come and go, and what the roles allow. The server tells by events. */
import { complain, openConv, toast } from "./acts.js";
import { api, convPath } from "./api.js";
import { insist, learn, watchPeers } from "./chat.js";
import { t } from "./i18n.js";
import { forget, recall, remember } from "./prefs.js";
import { gidOf } from "./roster.js";
import { back, go } from "./route.js";
import { get, put, set } from "./store.js";

const DAY_MS = 86_400_000;

/** How long somebody can be muted; the last one is for good, until somebody ends it. */
export const MUTES = [
  ["minutes", 10 * 60_000],
  ["hour", 3_600_000],
  ["day", DAY_MS],
  ["week", 7 * DAY_MS],
  ["good", 3_650 * DAY_MS],
];

/** How long a link lets people in; 0 has no end. */
export const LINK_LIVES = [
  ["day", DAY_MS],
  ["week", 7 * DAY_MS],
  ["always", 0],
];

function path(conv, rest = "") {
  return `/api/groups/${gidOf(conv)}${rest}`;
}

function keep(group) {
  learn(group.members.map(({ uid, user_name, nickname, avatar }) => ({ uid, user_name, nickname, avatar })));
  put("groups", group.conv, group);
}

/** The members and how far they have read, of a group that is open and that I am in. */
export async function loadGroup(conv, twice = true) {
  const asked = get().convs[conv].last_seq;
  const [group, reads] = await Promise.all([insist(() => api.get(path(conv))), insist(() => api.get(convPath(conv, "/reads")))]);
  const changed = ({ seq, kind, silent }) => seq > asked && kind === "system" && !silent;
  if (twice && get().threads[conv]?.items.some(changed)) return loadGroup(conv, false); // the answer may be older than that
  if (reads) put("reads", conv, reads);
  if (group) keep(group);
  watchPeers();
}

/** What was to be made, as JSON, when no answer said whether it was, and the conversations that there were before. */
let unsure = null;

/** @returns {Promise<void>} rejects with the refusal, which the form shows; asked once more, it makes no second group */
export async function createGroup(name, members) {
  const wanted = JSON.stringify([name, members]);
  const again = unsure?.wanted === wanted;
  const asked = again ? unsure : { wanted, before: Object.keys(get().convs) };
  try {
    const group = (again && (await madeBefore(name, asked.before))) || (await api.post("/api/groups", { name, members }));
    unsure = null;
    keep(group);
    openConv(group.conv);
  } catch (refusal) {
    unsure = refusal.lasting ? null : asked;
    throw refusal;
  }
}

async function madeBefore(name, before) {
  const { conversations } = await api.get("/api/conversations?limit=20");
  const made = conversations.find(({ conv, group }) => group?.name === name && group.owner === get().me.uid && !before.includes(conv));
  return made && api.get(path(made.conv));
}

export async function invite(conv, uids) {
  keep(await api.post(path(conv, "/members"), { uids }));
}

/** Changes `name`, `announcement` or `speak`; rejects with the refusal. */
export async function changeGroup(conv, patch) {
  keep(await api.patch(path(conv), patch));
}

/** Makes an act of one that may be refused; the refusal is said at the bottom. */
function tried(act) {
  return async (...args) => {
    try {
      await act(...args);
    } catch (refusal) {
      complain(refusal);
    }
  };
}

export const setSpeak = tried((conv, speak) => changeGroup(conv, { speak }));

export const setRole = tried(async (conv, uid, role) => keep(await api.put(path(conv, `/members/${uid}`), { role })));

/** @param {number} ms  from now on; 0 ends it */
export const muteMember = tried(async (conv, uid, ms) => {
  keep(await api.put(path(conv, `/members/${uid}`), { muted_until: ms && Date.now() + ms }));
});

export const kick = tried((conv, uid) => api.delete(path(conv, `/members/${uid}`)));

export const leaveGroup = tried((conv) => api.delete(path(conv, `/members/${get().me.uid}`)));

export const dissolve = tried((conv) => api.delete(path(conv)));

/** The link that I have made last, in this browser: the server gives no list of them. */
export function linkOf(conv) {
  const link = recall(linkKey(conv));
  return link && (!link.until || link.until > Date.now()) ? link : null;
}

export async function makeLink(conv, life) {
  const until = life ? Date.now() + life : undefined;
  const link = await api.post(path(conv, "/links"), until ? { until } : {});
  remember(linkKey(conv), { ...link, until });
}

export const endLink = tried(async (conv) => {
  const { code } = linkOf(conv) ?? {};
  if (code) await api.delete(path(conv, `/links/${encodeURIComponent(code)}`)).catch(unlessGone);
  forget(linkKey(conv));
});

function unlessGone(refusal) {
  if (refusal.error !== "not_found") throw refusal;
}

function linkKey(conv) {
  return `link.${get().me.uid}.${conv}`;
}

export function behindLink(code) {
  return api.get(`/api/join/${encodeURIComponent(code)}`);
}

export async function join(code) {
  const group = await api.post(`/api/join/${encodeURIComponent(code)}`);
  keep(group);
  go({ name: "chat", conv: group.conv });
  toast(t("join.done", { name: group.name }));
}

/** Asks first: `act` happens when the person says yes. `what` names the texts, `more` one that is said besides. */
export function ask(what, values, act, more) {
  set({ dialog: { name: "confirm", ask: what, values, act, more } });
}

export function toggleDetails(conv) {
  if (get().route.name === "info") back();
  else go({ name: "info", conv });
}
