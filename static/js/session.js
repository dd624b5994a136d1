/** Who I am: signing in and out, and the end of a session. */
import { api, whenSignedOut } from "./api.js";
import { explain } from "./i18n.js";
import { CLOSE } from "./im-wire.js";
import { door, fetchDoor, fetchInside, room } from "./inside.js";
import { forget, keysUnder } from "./prefs.js";
import { behindRenewal, forgetRenewal, pastRenewal, remembered, renewInTime, renewed, startRenewal } from "./renewal.js";
import { leaveAll } from "./route.js";
import { clear, get, set } from "./store.js";
import { onTabs, tellTabs } from "./tabs.js";

/** Between two tries while the server cannot be reached. */
const RETRY_MS = 3_000;

/** The sockets of all tabs close a moment after one of them signs out. */
const LEAVING_MS = 5_000;

let leavingUntil = 0;
let ending = false;
/** How often somebody has signed in by hand: what was asked before is of another. */
let signings = 0;

const CLOSE_OF = { token_superseded: CLOSE.SUPERSEDED, token_expired: CLOSE.EXPIRED };

/** Resolves when the page can be drawn. */
export async function startSession() {
  whenSignedOut(verify);
  onTabs((event) => {
    if (event === "signed-in") location.reload();
    else leavingUntil = Date.now() + LEAVING_MS;
  });
  startRenewal();
  const shown = remembered() || out(); // the card waits for no answer
  resume();
  await shown;
}

/** The cookie decides, which no script can read. */
async function resume() {
  const known = remembered();
  const turn = signings;
  const late = () => turn !== signings || get().phase === "in";
  if (known) fetchInside().catch(() => {}); // it is asked for again when it is needed
  try {
    const ask = () => api.get("/api/user/me", { quiet: true });
    const me = await (known ? pastRenewal(ask) : ask());
    await fetchInside();
    if (!late()) await enter(me);
  } catch (refusal) {
    if (late()) return;
    if (refusal.signedOut || refusal.status === 403) {
      forgetRenewal();
      return out();
    }
    if (known) set({ phase: "unreachable" });
    setTimeout(() => late() || resume(), RETRY_MS);
  }
}

export async function signIn(user_name, password) {
  signings += 1;
  renewed(await api.post("/api/user/login", { user_name, password }, { quiet: true }));
  await enter(await api.get("/api/user/me"));
  tellTabs("signed-in");
}

export async function register({ user_name, password, nickname, invite }) {
  const wanted = { user_name, password };
  if (nickname) wanted.nickname = nickname;
  if (invite) wanted.invite = invite;
  await api.post("/api/user/register", wanted, { quiet: true });
  await signIn(user_name, password);
}

/** Signs out; asks first if something written would be lost. */
export async function signOut({ sure = false } = {}) {
  const n = room.unsent();
  if (!sure && n > 0) return set({ dialog: { name: "unsent", n } });
  set({ dialog: null });
  const { uid } = get().me;
  leavingUntil = Date.now() + LEAVING_MS;
  tellTabs("signing-out");
  try {
    await api.post("/api/user/logout", {}, { quiet: true });
  } catch (refusal) {
    // Without an answer the cookie still stands, and "signed out" would be a lie.
    if (!refusal.signedOut) return set({ toast: { text: explain(refusal), at: Date.now() } });
  }
  forgetAllOf(uid);
  leave();
}

/** The account ends; rejects with the refusal, and all stays as it was. */
export async function deleteAccount(password) {
  const { uid } = get().me;
  leavingUntil = Infinity; // the sockets close before the answer comes, however long that takes
  tellTabs("signing-out");
  try {
    await api.delete("/api/user/me", { password });
  } finally {
    leavingUntil = Date.now() + LEAVING_MS;
  }
  forgetAllOf(uid);
  leave();
}

/** On a shared computer the next person must find nothing of mine. */
function forgetAllOf(uid) {
  for (const kind of ["draft", "out", "link", "panel", "played"]) for (const key of keysUnder(`${kind}.${uid}.`)) forget(`${kind}.${uid}.${key}`);
}

export async function changePassword(old_password, new_password) {
  renewed(await behindRenewal(() => api.post("/api/user/password", { old_password, new_password }, { keepalive: true })));
}

/** After a refused handshake or a dead socket: is it the token, or only the network? */
export async function probe() {
  if (!navigator.onLine) return null;
  try {
    await api.get("/api/user/me", { quiet: true });
    return null;
  } catch (refusal) {
    if (!refusal.signedOut) return null;
    return { code: CLOSE_OF[refusal.error] ?? CLOSE.REVOKED, error: refusal.error };
  }
}

/** The session is over: a plain word why, and the sign-in card. */
export async function end({ code, error }) {
  if (get().phase !== "in" || ending) return;
  if (Date.now() < leavingUntil) return leave(); // by the person's own act, here or in another tab
  ending = true;
  // One code stands for all that ends a session from afar; the token's own word says more.
  const word = error ?? (code === CLOSE.REVOKED ? (await probe())?.error : null);
  ending = false;
  leave({ stay: ["chat", "info"].includes(get().route.name) }); // who signs in again goes on there
  const reason = word === "banned" ? "banned" : { 4001: "superseded", 4002: "expired" }[code];
  set({ dialog: { name: "ended", reason: reason ?? "revoked" } });
}

/** A refused call may have crossed a renewal in another tab; only a second look ends the session. */
async function verify() {
  const reason = get().phase === "in" && (await probe());
  if (reason) end(reason);
}

async function enter(me) {
  const { enterChat } = await fetchInside();
  if (get().me && get().me.uid !== me.uid) leaveAll(); // it was another one's place
  set({ phase: "in", me });
  enterChat(me, { probe, ended: end });
  renewInTime();
}

function leave({ stay = false } = {}) {
  room.leaveChat();
  forgetRenewal();
  clear();
  if (!stay) leaveAll();
  out();
}

/** The card to sign in with, which was not fetched for who came in without it. */
async function out() {
  set({ phase: door ? "out" : "boot" });
  while (!door) {
    await fetchDoor().catch(async () => {
      if (get().phase !== "in") set({ phase: "unreachable" });
      await new Promise((again) => setTimeout(again, RETRY_MS));
    });
  }
  if (get().phase !== "in") set({ phase: "out" }); // or the cookie was still good
}
