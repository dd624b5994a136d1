/** Who I am here: signed in or not, an administrator or not. The cookie is the chat page's. */
import { api, whenSignedOut } from "../js/api.js";
import { forgetRenewal, renewInTime, renewed, startRenewal } from "../js/renewal.js";
import { get, set } from "../js/store.js";
import { onTabs, tellTabs } from "../js/tabs.js";

/** Between two tries while the server cannot be reached. */
const RETRY_MS = 3_000;

export function startSession() {
  whenSignedOut(() => resume());
  onTabs((event) => (event === "signed-in" ? location.reload() : set({ phase: "out", dialog: null })));
  startRenewal();
  resume();
}

/** Phases: "out" (the card), "denied" (somebody else), "in", "unreachable". */
async function resume() {
  try {
    await enter();
  } catch (refusal) {
    if (refusal.signedOut || refusal.status === 400) return set({ phase: "out", dialog: null });
    set({ phase: "unreachable" });
    setTimeout(resume, RETRY_MS);
  }
}

async function enter() {
  const me = await api.get("/api/user/me", { quiet: true });
  const denied = await api.get("/api/admin/audit?limit=1", { quiet: true }).then(
    () => false,
    (refusal) => {
      if (refusal.error === "forbidden") return true;
      throw refusal;
    },
  );
  set({ me, users: { ...get().users, [me.uid]: me }, phase: denied ? "denied" : "in" });
  renewInTime();
}

export async function signIn(user_name, password) {
  renewed(await api.post("/api/user/login", { user_name, password }, { quiet: true }));
  await enter();
  tellTabs("signed-in");
}

export async function signOut() {
  tellTabs("signing-out");
  await api.post("/api/user/logout", {}, { quiet: true }).catch((refusal) => {
    if (!refusal.signedOut) throw refusal;
  });
  forgetRenewal();
  set({ phase: "out", dialog: null, users: {} });
}
