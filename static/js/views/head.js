/** The head of a thread: the way back on a phone, who it is with, and what can be done with the whole of it. */
import { html, useState } from "../../vendor/preact-htm.js";
import { patchConv } from "../acts.js";
import { toggleDetails } from "../groups.js";
import { useT } from "../i18n.js";
import { back } from "../route.js";
import { set, useConnected, useStore } from "../store.js";
import { sizeText, typingText } from "../words.js";
import { Avatar, IconButton } from "./parts.js";
import { Popup, below } from "./popup.js";
import { useFace } from "./row.js";

export function ThreadHead({ conv }) {
  const t = useT();
  const face = useFace(conv);
  const [menu, setMenu] = useState(null);
  const person = !face.group && !face.notes;
  const profile = () => set({ dialog: { name: "profile", uid: face.uid } });
  const details = () => toggleDetails(conv.conv);
  const shown = useStore((state) => state.route.name === "info");
  const open = (event) => setMenu(below(event));
  const { muted, pinned } = conv;
  const items = [
    ...(person ? [{ icon: "user", label: t("profile.open"), act: profile }] : []),
    ...(face.group ? [{ icon: "info", label: t("group.details"), act: details }] : []),
    { icon: pinned ? "pin-off" : "pin", label: t(pinned ? "conv.unpin" : "conv.pin"), act: () => patchConv(conv.conv, { pinned: !pinned }) },
    { icon: muted ? "bell" : "bell-off", label: t(muted ? "conv.unmute" : "conv.mute"), act: () => patchConv(conv.conv, { muted: !muted }) },
    { icon: "eye-off", label: t("conv.hide"), act: () => patchConv(conv.conv, { hidden: true }) },
  ];
  return html`<header class="thread-head">
    <${IconButton} icon="arrow-left" label=${t("back")} class="only-phone" onClick=${back} />
    <button type="button" class="who" disabled=${face.notes} onClick=${face.group ? details : profile}
      aria-expanded=${face.group ? shown : undefined} title=${face.notes ? undefined : face.group ? t("group.details") : t("profile.of", { name: face.name })}>
      <${Avatar} ...${face} online=${false} size="small" />
      <span class="who-text">
        <span class="who-name" dir="auto">${face.name}</span>
        <${Status} conv=${conv} face=${face} />
      </span>
    </button>
    <${IconButton} icon="ellipsis-vertical" label=${t("conv.menu")} aria-haspopup="menu" onClick=${open} />
    ${menu && html`<${Popup} ...${menu} label=${t("conv.menu")} items=${items} close=${() => setMenu(null)} />`}
  </header>`;
}

function Status({ conv, face }) {
  const t = useT();
  const typing = useStore((state) => Object.keys(state.typing[conv.conv] ?? {}).join(" "));
  const group = useStore((state) => state.groups[conv.conv]);
  const connected = useConnected();
  const user_name = useStore((state) => state.users[face.uid]?.user_name);
  if (typing) return html`<span class="who-status accent" role="status">${typingText(conv, typing.split(" "))}</span>`;
  if (face.notes) return html`<span class="who-status">${t("notes.text")}</span>`;
  if (face.group) return html`<span class="who-status">${sizeText(conv, group)}</span>`;
  if (!connected) return html`<span class="who-status">${user_name && `@${user_name}`}</span>`; // whether he is here cannot be known
  return html`<span class=${`who-status ${face.online ? "online" : ""}`}>${t(face.online ? "online" : "offline")}</span>`;
}
