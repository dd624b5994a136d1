/** The dialog that stands in front, if one does. */
import { html, useEffect } from "../../vendor/preact-htm.js";
import { block, openWith } from "../acts.js";
import { api } from "../api.js";
import { learn } from "../chat.js";
import { useT } from "../i18n.js";
import { signOut } from "../session.js";
import { set, useStore } from "../store.js";
import { Confirm, Readers } from "./asking.js";
import { later } from "./later.js";
import { Modal } from "./modal.js";
import { Avatar, Icon, useName } from "./parts.js";

const DIALOGS = {
  ended: Ended,
  unsent: Unsent,
  profile: Profile,
  confirm: Confirm,
  readers: Readers,
  newgroup: later(async () => (await import("./newgroup.js")).NewGroup, { styles: ["picker"] }),
  invite: later(async () => (await import("./newgroup.js")).Invite, { styles: ["picker"] }),
  forward: later(async () => (await import("./forward.js")).Forward, { styles: ["picker"] }),
  reporting: later(async () => (await import("./reporting.js")).Reporting),
  viewer: later(async () => (await import("./viewer.js")).Viewer, { styles: ["viewer"] }),
  deletion: later(async () => (await import("./deletion.js")).Deletion),
  crop: later(async () => (await import("./crop.js")).Crop, { styles: ["crop"] }),
};

export function Dialogs() {
  const dialog = useStore((state) => state.dialog);
  if (!dialog) return null;
  return html`<${DIALOGS[dialog.name]} key=${dialog.name} ...${dialog} close=${() => set({ dialog: null })} />`;
}

/** Closes 4001, 4002 and 4003: behind it stands the sign-in card. */
function Ended({ reason, close }) {
  const t = useT();
  return html`<${Modal} title=${t(`ended.${reason}.title`)} close=${close} plain=${true} inside=${true} class="small">
    <p>${t(`ended.${reason}`)}</p>
    <footer class="modal-foot"><button type="button" class="button primary" autofocus=${true} onClick=${close}>${t("ended.do")}</button></footer>
  <//>`;
}

function Unsent({ n, close }) {
  const t = useT();
  return html`<${Modal} title=${t("unsent.title")} close=${close} plain=${true} class="small">
    <p>${t("unsent.text", { n })}</p>
    <footer class="modal-foot">
      <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
      <button type="button" class="button danger" onClick=${() => signOut({ sure: true })}>${t("signout")}</button>
    </footer>
  <//>`;
}

function Profile({ uid, close }) {
  const t = useT();
  const name = useName(uid);
  const profile = useStore((state) => state.users[uid]);
  const blocked = useStore((state) => state.blocked.includes(uid));
  const online = profile?.online && !blocked;
  useEffect(() => {
    api.get(`/api/user/${uid}`).then((fresh) => learn([fresh]), () => {}); // what is known already stays shown
  }, [uid]);
  return html`<${Modal} title=${t("profile.title")} close=${close} class="small">
    <div class="profile">
      <${Avatar} uid=${uid} name=${name} size="large" online=${online} />
      <h3 dir="auto">${name}</h3>
      ${profile?.user_name && html`<p class="muted">@${profile.user_name}</p>`}
      <p class=${`muted ${online ? "online" : ""}`}>${t(online ? "online" : "offline")}</p>
      <div class="profile-acts">
        <button type="button" class="button primary" onClick=${() => (close(), openWith(profile))}><${Icon} name="message-circle" /> ${t("profile.write")}</button>
        <button type="button" class=${`button ${blocked ? "" : "danger"}`} onClick=${() => block(uid, !blocked)}><${Icon} name="ban" /> ${t(blocked ? "block.undo" : "block.do")}</button>
      </div>
      ${!blocked && html`<p class="small-print">${t("block.explain")}</p>`}
    </div>
  <//>`;
}
