/** A large avatar; who may change it gets a button on it, which chooses a picture or takes it away. */
import { html, useRef, useState } from "../../vendor/preact-htm.js";
import { complain } from "../acts.js";
import { useT } from "../i18n.js";
import { set } from "../store.js";
import { Avatar, Icon } from "./parts.js";
import { Popup, below } from "./popup.js";

/** @param {{face: object, label: string, save: ?(file: ?Blob) => Promise<void>}} props  save: absent where it may not be changed */
export function FaceEdit({ face, label, save }) {
  const t = useT();
  const input = useRef();
  const [menu, setMenu] = useState(null);
  if (!save) return html`<${Avatar} ...${face} online=${false} size="large" />`;
  const choose = () => input.current.click();
  const remove = () => save(null).catch(complain);
  const chosen = () => {
    const [file] = input.current.files;
    input.current.value = ""; // the same one may be chosen again
    if (file) set({ dialog: { name: "crop", file, save } });
  };
  const items = [
    { icon: "image", label: t("face.choose"), act: choose },
    { icon: "trash-2", label: t("face.remove"), danger: true, act: remove },
  ];
  return html`<span class="face-edit">
    <input ref=${input} type="file" accept="image/*" hidden onChange=${chosen} />
    <button type="button" title=${label} aria-haspopup=${face.picture ? "menu" : undefined} onClick=${(event) => (face.picture ? setMenu(below(event)) : choose())}>
      <${Avatar} ...${face} online=${false} size="large" />
      <span class="face-badge"><${Icon} name="camera" /></span>
      <span class="unseen">${label}</span>
    </button>
    ${menu && html`<${Popup} ...${menu} label=${label} items=${items} close=${() => setMenu(null)} />`}
  </span>`;
}
