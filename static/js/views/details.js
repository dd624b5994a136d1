/** Beside a group's thread, or over it where there is no room: what the group is, who is in it, and what I can do with it. */
import { html, useEffect, useRef, useState } from "../../vendor/preact-htm.js";
import { patchConv } from "../acts.js";
import { setGroupFace } from "../faces.js";
import { ask, changeGroup, dissolve, leaveGroup, setSpeak } from "../groups.js";
import { explain, useT } from "../i18n.js";
import { leads } from "../roster.js";
import { back } from "../route.js";
import { get, useStore } from "../store.js";
import { links } from "../text.js";
import { sizeText } from "../words.js";
import { FaceEdit } from "./face.js";
import { Link } from "./link.js";
import { Members } from "./members.js";
import { Icon, IconButton, Spinner, useFocusAfter } from "./parts.js";
import { useFace } from "./row.js";
import { Switch } from "./switch.js";

export function Details({ conv }) {
  const t = useT();
  const id = conv.conv;
  const group = useStore((state) => state.groups[id]);
  const role = conv.group?.role ?? null;
  const box = useRef();
  useEffect(() => {
    const opener = document.activeElement;
    box.current.focus({ preventScroll: true });
    return () => opener?.focus?.({ preventScroll: true });
  }, []);
  const key = (event) => event.key === "Escape" && !event.defaultPrevented && back();
  return html`<aside class="details" aria-label=${t("group.details")} onKeyDown=${key}>
    <header class="thread-head">
      <${IconButton} icon="arrow-left" label=${t("back")} class="only-phone" onClick=${back} />
      <h2 tabindex="-1" ref=${box}>${t("group.details")}</h2>
      <${IconButton} icon="x" label=${t("close")} class="not-phone" onClick=${back} />
    </header>
    <div class="details-body">
      <${Name} conv=${conv} lead=${leads(role)} />
      ${role && !group && html`<p class="waiting"><${Spinner} /></p>`}
      ${role && group && html`
        <${Announcement} group=${group} lead=${leads(role)} />
        ${leads(role) && html`<${Speak} group=${group} />`}
        ${leads(role) && html`<${Link} conv=${id} />`}
        <${Members} group=${group} role=${role} />
      `}
      <${Mine} conv=${conv} />
      ${role && group && html`<${Ends} group=${group} role=${role} />`}
    </div>
  </aside>`;
}

/** One text of the group, shown with a pencil for those who may change it, or its form. */
function Changeable({ group, field, label, lead, long = false, children }) {
  const t = useT();
  const [value, setValue] = useState(null);
  const [refusal, setRefusal] = useState(null);
  useFocusAfter(value !== null, () => document.querySelector(`.details [data-changes=${field}]`));
  if (value === null) return children(lead && { "data-changes": field, onClick: () => (setRefusal(null), setValue(group[field])) });
  const save = async (event) => {
    event.preventDefault();
    try {
      await changeGroup(group.conv, { [field]: value.trim() });
      setValue(null);
    } catch (problem) {
      setRefusal(problem);
    }
  };
  const key = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    setValue(null);
  };
  const note = refusal && explain(refusal);
  const told = { "aria-invalid": Boolean(refusal), "aria-describedby": note ? `note-${field}` : undefined, "aria-label": label };
  const type = (event) => setValue(event.currentTarget.value);
  return html`<form class=${`field change ${refusal ? "wrong" : ""}`} onSubmit=${save} onKeyDown=${key} novalidate>
    <div class="field-box">
      ${long
        ? html`<textarea name=${field} rows="5" value=${value} ref=${focusOnce} onInput=${type} ...${told}></textarea>`
        : html`<input name=${field} type="text" value=${value} autocomplete="off" ref=${focusOnce} onInput=${type} ...${told} />`}
    </div>
    ${note && html`<p class="field-note" id=${`note-${field}`} role="alert">${note}</p>`}
    <div class="form-acts">
      <button type="button" class="button slim" onClick=${() => setValue(null)}>${t("cancel")}</button>
      <button type="submit" class="button slim primary">${t("save")}</button>
    </div>
  </form>`;
}

/** When it comes into the document, and not at each letter after. */
function focusOnce(element) {
  if (!element || element.dataset.met) return;
  element.dataset.met = "yes";
  element.focus();
}

function Name({ conv, lead }) {
  const t = useT();
  const face = useFace(conv);
  const group = useStore((state) => state.groups[conv.conv]);
  return html`<section class="details-top">
    <${FaceEdit} face=${face} label=${t("face.group")} save=${lead && group && ((file) => setGroupFace(conv.conv, file))} />
    <${Changeable} group=${group} field="name" label=${t("group.name")} lead=${lead && group}>
      ${(change) => html`<h3 dir="auto">${face.name} ${change && html`<${IconButton} icon="pencil" label=${t("labelled", { label: t("details.edit"), value: t("group.name") })} ...${change} />`}</h3>`}
    <//>
    <p class="muted">${sizeText(conv, group)}</p>
  </section>`;
}

function Announcement({ group, lead }) {
  const t = useT();
  const { announcement: text } = group;
  if (!text && !lead) return null;
  return html`<section>
    <${Changeable} group=${group} field="announcement" label=${t("details.announcement")} lead=${lead} long=${true}>
      ${(change) => html`<div class="section-head"><h4><${Icon} name="megaphone" /> ${t("details.announcement")}</h4>
          ${change && text && html`<${IconButton} icon="pencil" label=${t("labelled", { label: t("details.edit"), value: t("details.announcement") })} ...${change} />`}</div>
        ${text
          ? html`<p class="announcement" dir="auto">${links(text).map(({ text: shown, href }) => (href ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${shown}</a>` : shown))}</p>`
          : html`<button type="button" class="link-button" ...${change}>${t("details.announcement.write")}</button>`}`}
    <//>
  </section>`;
}

function Speak({ group }) {
  const t = useT();
  return html`<section>
    <fieldset class="choice below">
      <legend>${t("details.speak")}</legend>
      <div class="segments">${["all", "admins"].map((who) => html`<label key=${who} class=${group.speak === who ? "on" : ""}>
        <input type="radio" name="speak" value=${who} checked=${group.speak === who} onChange=${() => setSpeak(group.conv, who)} /> ${t(`details.speak.${who}`)}
      </label>`)}</div>
    </fieldset>
  </section>`;
}

/** What concerns my list alone, also of a group that I am not in any more. */
function Mine({ conv }) {
  const t = useT();
  const { conv: id, muted, pinned } = conv;
  return html`<section>
    <h4>${t("details.mine")}</h4>
    <${Switch} icon="bell-off" label=${t("details.mute")} on=${muted} turn=${() => patchConv(id, { muted: !muted })} />
    <${Switch} icon="pin" label=${t("details.pin")} on=${pinned} turn=${() => patchConv(id, { pinned: !pinned })} />
    <button type="button" class="act" onClick=${() => patchConv(id, { hidden: true })}><${Icon} name="eye-off" /> ${t("details.hide")}</button>
  </section>`;
}

function Ends({ group, role }) {
  const t = useT();
  const { conv, name, members } = group;
  const last = members.length === 1 && members[0].uid === get().me.uid;
  const more = role !== "owner" ? undefined : last ? "ask.leave.last" : "ask.leave.owner";
  return html`<section>
    <button type="button" class="act danger" onClick=${() => ask("leave", { name }, () => leaveGroup(conv), more)}><${Icon} name="log-out" /> ${t("details.leave")}</button>
    ${role === "owner" && html`<button type="button" class="act danger" onClick=${() => ask("dissolve", { name }, () => dissolve(conv))}><${Icon} name="trash-2" /> ${t("details.dissolve")}</button>`}
  </section>`;
}
