/** One report: who says what about which message, the message in its place, and what can be done. */
import { api } from "../../js/api.js";
import { useT } from "../../js/i18n.js";
import { mediaUrl } from "../../js/media.js";
import { set, useStore } from "../../js/store.js";
import { clock, full, moment } from "../../js/time.js";
import { Avatar, Icon, useName } from "../../js/views/parts.js";
import { eventText } from "../../js/words.js";
import { html, useState } from "../../vendor/preact-htm.js";
import { FOR_EVER, attempt, nameOf, sure } from "../people.js";
import { roomPath } from "../route.js";

export function Report({ report, gone, again }) {
  const t = useT();
  const { id, conv, by, reason, time, state, message, around, note, closed_by, closed_at } = report;
  const sender = useName(message.from);
  const reporter = useName(by);
  const now = around.find(({ seq }) => seq === message.seq);
  const changed = !now ? "report.expired" : now.kind === "recalled" && message.kind !== "recalled" ? "report.taken" : now.content !== message.content ? "report.edited" : null;
  const act = async (body) => {
    const done = await attempt(() => api.post(`/api/admin/reports/${id}`, body), `report.done.${body.action}`);
    if (done) gone(id);
    else again(); // perhaps somebody else was faster
    return done;
  };
  const askBan = () => set({ dialog: { name: "ban", uid: message.from, who: sender, reason, by: banBy(id), done: () => gone(id) } });
  return html`<li class="report">
    <header class="report-head">
      <${Icon} name="flag" />
      <p class="grow">${t("report.by", { name: reporter })} <q dir="auto">${reason}</q></p>
      <time class="muted" datetime=${new Date(time).toISOString()} title=${full(time)}>${moment(time)}</time>
    </header>
    <p class="small-print">${conv.startsWith("g") ? t("report.group", { n: conv.slice(1) }) : t("report.pair")}${changed && html` · <strong>${t(changed)}</strong>`}</p>
    <ol class="around" aria-label=${t("report.around")}>
      ${inPlace(around, message).map((each) => html`<${Line} key=${each.seq} message=${each} reported=${each.seq === message.seq} />`)}
    </ol>
    ${state === "open"
      ? html`<footer class="report-acts">
          <button type="button" class="button" onClick=${() => act({ action: "dismiss" })}><${Icon} name="check" /> ${t("report.dismiss")}</button>
          <button type="button" class="button danger" onClick=${() => sure("recall", { name: sender }, () => act({ action: "recall" }))}><${Icon} name="undo-2" /> ${t("report.recall")}</button>
          <button type="button" class="button danger" onClick=${askBan}><${Icon} name="ban" /> ${t("report.ban")}</button>
        </footer>`
      : html`<p class="small-print">${t(`report.was.${state}`, { name: nameOf(closed_by), time: full(closed_at) })} ${note && html`<q dir="auto">${note}</q>`}</p>`}
  </li>`;
}

/** As the dialog of a ban calls it: by the report, which is closed with it. */
function banBy(id) {
  return (_uid, note, until) => api.post(`/api/admin/reports/${id}`, until === FOR_EVER ? { action: "ban", note } : { action: "ban", note, until });
}

/** What stands around it now, and in its place what was reported. */
function inPlace(around, message) {
  const others = around.filter(({ seq, silent }) => seq !== message.seq && !silent);
  return [...others, message].sort((one, other) => one.seq - other.seq);
}

function Line({ message, reported }) {
  const t = useT();
  const name = useName(message.from);
  const { kind, time, from } = message;
  if (kind === "system") return html`<li class="line-event muted" dir="auto">${eventText(message)}</li>`;
  return html`<li class=${`line-of ${reported ? "is-reported" : ""}`}>
    <${Avatar} uid=${from} name=${name} size="small" />
    <div class="grow">
      <p class="line-head"><a href=${roomPath("people", String(from))} dir="auto">${name}</a> <time class="muted" title=${full(time)}>${clock(time)}</time> ${reported && html`<span class="tag warn-tag">${t("report.this")}</span>`}</p>
      <${Content} message=${message} reported=${reported} />
    </div>
  </li>`;
}

function Content({ message, reported }) {
  const t = useT();
  const { kind, content, meta } = message;
  if (kind === "text") return html`<p class="line-text" dir="auto">${content}</p>`;
  if (kind === "recalled") return html`<p class="muted">${t("report.recalled")}</p>`;
  // Only what was reported can be loaded by who is not in the conversation.
  if (kind === "image" && reported) return html`<${Picture} id=${content} thumb=${meta?.thumb} />`;
  if (kind === "voice" && reported) return html`<audio controls preload="none" src=${mediaUrl(content)}></audio>`;
  if (kind === "file" && reported) return html`<p class="line-text"><a href=${mediaUrl(content)} download=${meta?.name}>${meta?.name ?? t("kind.file")}</a></p>`;
  return html`<p class="muted">${t(`kind.${kind}`) ?? kind} ${meta?.name ?? (kind === "sticker" ? content : "")}</p>`;
}

/** Of a report that is closed it cannot be loaded any more. */
function Picture({ id, thumb }) {
  const t = useT();
  const [gone, setGone] = useState(false);
  if (gone) return html`<p class="muted">${t("kind.image")} ${t("report.gone")}</p>`;
  return html`<a href=${mediaUrl(id)} target="_blank" rel="noopener"><img class="line-picture" src=${mediaUrl(id, { thumb })} alt=${t("kind.image")} onError=${() => setGone(true)} /></a>`;
}
