/** The page of who is signed in, in one piece: what session.js and views/app.js take from here, and what it starts. */
import { reconnect } from "./acts.js";
import { startAttention } from "./attention.js";
import { startDrafts } from "./drafts.js";
import { set } from "./store.js";
import { startUploads } from "./uploads.js";
import { later } from "./views/later.js";

export { enterChat, leaveChat, unsent } from "./chat.js";
export { Shell } from "./views/shell.js";

export const Dialogs = later(async () => (await import("./views/dialogs.js")).Dialogs);

/** How long a loopback connection may take to show that it is one. */
const LOCAL_ANSWER_MS = 200;

startAttention();
startDrafts();
startUploads();
window.addEventListener("online", () => {
  set({ network: true });
  reconnect();
});
window.addEventListener("offline", async () => {
  // A server on this very machine answers without any network; any other one does not.
  const pause = new Promise((resolve) => setTimeout(resolve, LOCAL_ANSWER_MS, false));
  const alive = await Promise.race([reconnect(), pause]);
  if (!navigator.onLine) set({ network: alive });
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") reconnect();
});
