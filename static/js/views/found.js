/** What the search box has found: conversations, people and messages, each under its heading. */
import { html, useEffect, useState } from "../../vendor/preact-htm.js";
import { complain, findMessages, findPeople, openConv, openMessage, openWith } from "../acts.js";
import { peerOf, sorted } from "../convs.js";
import { explain, useT } from "../i18n.js";
import { get, useStore } from "../store.js";
import { excerpt } from "../text.js";
import { full, listTime } from "../time.js";
import { findableName, nameOf } from "../words.js";
import { Avatar, focusBox, mayFocus, useNow } from "./parts.js";
import { Row, useFace } from "./row.js";

/** Typing faster than this asks only once. */
const PAUSE_MS = 200;
/** What could not be asked is asked again after this. */
const AGAIN_MS = 3_000;
const MINUTE_MS = 60_000;
const NOTHING = Object.freeze({ results: [], next: null });

export function Found({ query, close }) {
  const t = useT();
  const [people, setPeople] = useState(null);
  const [page, setPage] = useState(NOTHING);
  const [refusal, setRefusal] = useState(null);
  const [tries, setTries] = useState(0);
  const convs = useStore((state) => state.convs);
  const now = useNow(MINUTE_MS);
  const { me } = get();
  useEffect(() => {
    let current = true;
    const timer = setTimeout(async () => {
      const [found, said] = await Promise.allSettled([findPeople(query), findMessages(query)]);
      if (!current) return;
      setPage(said.value ?? NOTHING);
      setPeople(found.value ?? []);
      setRefusal(found.reason ?? said.reason ?? null);
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [query, tries]);
  useEffect(() => {
    if (!refusal || refusal.lasting) return undefined;
    const timer = setTimeout(() => setTries(tries + 1), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [refusal]);

  const folded = query.toLocaleLowerCase();
  const matches = (conv) => conv.last_message && findableName(conv).toLocaleLowerCase().includes(folded);
  const known = sorted(Object.values(convs).filter(matches));
  const strangers = (people ?? []).filter(({ uid }) => !known.some(({ conv }) => peerOf(conv, me.uid) === uid));
  const pick = (act) => () => {
    act();
    close();
    if (mayFocus()) focusBox(); // of a conversation that is open already; another one does it by itself
  };
  const more = async () => {
    try {
      const { results, next } = await findMessages(query, page.next);
      setPage((before) => ({ results: [...before.results, ...results], next }));
    } catch (problem) {
      complain(problem);
    }
  };
  return html`
    ${known.length > 0 && html`<h2 class="rows-title">${t("search.conversations")}</h2>`}
    ${known.map((conv) => html`<${Row} key=${conv.conv} conv=${conv} now=${now} onPick=${pick(() => openConv(conv.conv))} />`)}
    ${strangers.length > 0 && html`<h2 class="rows-title">${t("search.people")}</h2>`}
    ${strangers.map((profile) => html`<${Person} key=${profile.uid} profile=${profile} onPick=${pick(() => openWith(profile))} />`)}
    ${page.results.length > 0 && html`<h2 class="rows-title">${t("search.messages")}</h2>`}
    ${page.results.map((result) => html`<${Said} key=${`${result.message.conv} ${result.message.seq}`} ...${result} now=${now} onPick=${pick(() => openMessage(result.message))} />`)}
    ${page.next && html`<button type="button" class="link-button rows-more" onClick=${more}>${t("search.more")}</button>`}
    ${refusal && html`<p class="empty" role="status">${explain(refusal)}</p>`}
    ${people && !refusal && !known.length && !strangers.length && !page.results.length && html`<p class="empty" role="status">${t("search.nobody", { query })}</p>`}
  `;
}

function Person({ profile, onPick }) {
  const t = useT();
  const { uid, nickname, user_name, online } = profile;
  const mine = uid === get().me.uid;
  return html`<button type="button" class="row" onClick=${onPick}>
    <${Avatar} uid=${uid} name=${nickname || user_name} picture=${mine ? null : profile.avatar} notes=${mine} online=${!mine && online} />
    <span class="row-text">
      <span class="row-name" dir="auto">${mine ? t("notes") : nickname || user_name}</span>
      <span class="row-preview">@${user_name}</span>
    </span>
  </button>`;
}

/** What the server finds a message by: its text, the name of a file, an announcement. */
function foundIn({ kind, content, meta, data }) {
  if (kind === "file") return meta.name;
  return kind === "system" ? data.announcement : content;
}

/** A message that was found, with what it was found by marked. */
function Said({ message, highlight, now, onPick }) {
  const t = useT();
  useStore((state) => state.users);
  const conv = useStore((state) => state.convs[message.conv]);
  const { name, ...face } = useFace(conv ?? { conv: message.conv, type: message.conv.startsWith("g") ? "group" : "single" });
  const mine = message.from === get().me.uid;
  const from = message.kind === "system" ? t("details.announcement") : mine ? t("search.you") : face.group && nameOf(message.from);
  return html`<button type="button" class="row said" onClick=${onPick}>
    <${Avatar} ...${face} online=${false} name=${name} />
    <span class="row-text">
      <span class="row-line">
        <span class="row-name" dir="auto">${name}</span>
        <time class="row-time" datetime=${new Date(message.time).toISOString()} title=${full(message.time)}>${listTime(message.time, now)}</time>
      </span>
      <span class="row-preview" dir="auto">${from && html`<span class="said-from">${t("preview.from", { name: from, text: "" })}</span>`}${message.kind === "file" && `${t("kind.file")} `}${excerpt(foundIn(message), highlight).map(({ text, hit }) => (hit ? html`<mark>${text}</mark>` : text))}</span>
    </span>
  </button>`;
}
