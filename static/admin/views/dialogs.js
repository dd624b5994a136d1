/** The dialog that stands in front, if one does. */
import { useT } from "../../js/i18n.js";
import { set, useStore } from "../../js/store.js";
import { Modal } from "../../js/views/modal.js";
import { html } from "../../vendor/preact-htm.js";
import { Ban } from "./ban.js";
import { Invite } from "./invite.js";

const DIALOGS = { ban: Ban, invite: Invite, confirm: Confirm };

export function Dialogs() {
  const dialog = useStore((state) => state.dialog);
  if (!dialog) return null;
  return html`<${DIALOGS[dialog.name]} ...${dialog} close=${() => set({ dialog: null })} />`;
}

/** `ask` names the texts, `act` is done on yes. */
function Confirm({ ask, values, act, close }) {
  const t = useT();
  return html`<${Modal} title=${t(`sure.${ask}.title`, values)} close=${close} plain=${true} class="small">
    <p>${t(`sure.${ask}`, values)}</p>
    <footer class="modal-foot">
      <button type="button" class="button" onClick=${close}>${t("cancel")}</button>
      <button type="button" class="button danger" onClick=${() => (close(), act())}>${t(`sure.${ask}.do`)}</button>
    </footer>
  <//>`;
}
