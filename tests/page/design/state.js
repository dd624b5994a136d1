/** What the boards show: five people, two groups, and a message of every kind. */
import { get } from "/static/js/store.js";

/** A Wednesday; the test sets the browser's clock to ten minutes later. */
export const NOON = Date.UTC(2026, 2, 4, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

export const TEA = "g7";
export const MEI = "1:2";

const person = (uid, user_name, nickname, online = false) => ({ uid, user_name, nickname, avatar: null, online });
const people = [
  person(1, "ann", "Ann"),
  person(2, "mei", "Lin Mei", true),
  person(3, "bo", "Wolfeschlegelsteinhausenbergerdo"),
  person(4, "noor", "نور الهدى", true),
  person(5, "", ""),
  person(6, "jo", "约翰", true),
];

/** Numbered from 1 in each conversation, two minutes apart unless said otherwise. */
function thread(conv, messages) {
  let time = NOON - 60 * MINUTE_MS;
  const items = messages.map(([from, kind, content, { wait = 0.5, ...more } = {}], index) => {
    time += wait * MINUTE_MS;
    return { conv, seq: index + 1, from, kind, content, time, id: `${conv}-${index}`, ...more };
  });
  return { items, end: true, later: false, loaded: true, loading: false, failed: null };
}

const event = (name, by, data = {}) => [by, "system", "", { event: name, data: { by, ...data }, wait: 1 }];
const reacted = (...pairs) => ({ reactions: pairs.map(([emoji, ...uids]) => ({ emoji, count: uids.length, uids })) });
const WAVES = Array.from({ length: 40 }, (_, index) => Math.round(20 + 70 * Math.abs(Math.sin(index / 3))));
const FOX = "The quick brown fox jumps over the lazy dog. 敏捷的棕色狐狸跳过了懒狗。";

const group = thread(TEA, [
  event("created", 2, { name: "Tea", uids: [1, 3, 4] }),
  [2, "text", "Good morning! Are we still on?", { wait: 3 }],
  [2, "text", `${FOX}\nhttps://tea.example/menu`, reacted(["👍", 1, 3], ["🎉", 2])],
  [2, "text", "🎉🍵", {}],
  [4, "text", "مرحبا، هل نلتقي اليوم؟ https://tea.example/a", { wait: 6 }],
  [1, "text", "Yes, see you there", { reply_to: 2, wait: 6 }],
  [1, "text", "at four", { edited: NOON }],
  [3, "text", "@Ann look at this", { mentions: [1], wait: 6, ...reacted(["tornado/love", 2, 4]) }],
  [3, "text", "x".repeat(90), {}],
  [3, "recalled", null, { recalled_by: 3 }],
  event("role", 2, { uids: [3], role: "admin" }),
  [5, "text", "from somebody who is gone", { wait: 6 }],
]);

const single = thread(MEI, [
  [2, "text", "Have a look", { wait: -2_000 }],
  [2, "image", "landscape", { meta: { mime: "image/jpeg", size: 40_000, width: 1200, height: 900, name: "river.jpg" }, wait: 2_000 }],
  [2, "file", "f", { meta: { mime: "application/pdf", size: 1_250_000, name: "Notes of the tea tasting, first of spring.pdf" } }],
  [2, "voice", "v", { meta: { mime: "audio/wav", size: 9_000, duration: 7_000, name: "v.wav", waveform: WAVES } }],
  [1, "sticker", "tornado/hello", { wait: 6 }],
  [1, "text", "read", {}],
  [1, "text", "sent", {}],
]);

const entry = (conv, state, content, more = {}) => ({ conv, id: `${conv} ${content}`, kind: "text", content, time: NOON, state, ...more });

const outbox = {
  [MEI]: [
    entry(MEI, "sending", "sending"),
    entry(MEI, "held", "three without an answer", { reason: { error: "await_reply" } }),
    entry(MEI, "failed", "failed", { reason: { error: "sensitive_content" } }),
  ],
  "1:6": [entry("1:6", "failed", "not sent", { reason: { error: "blocked" } })],
};

function conversation(conv, last, more = {}) {
  const grouped = conv.startsWith("g") ? { group: { gid: Number(conv.slice(1)), name: more.name ?? "Tea tasting by the river, every Thursday", avatar: null, owner: 2, role: "member", members: 5 } } : {};
  const { seq = 9, time = NOON } = last ?? {};
  const base = { conv, type: grouped.group ? "group" : "single", last_seq: seq, first_seq: 1, read_seq: seq, peer_read_seq: 0, unread: 0, mention_seq: 0, last_message: last };
  return { ...base, updated_at: time, muted: false, pinned: false, ...grouped, ...more };
}

const said = (conv, from, content, ago, more = {}) => ({ conv, seq: 9, from, kind: "text", content, time: NOON - ago, id: `${conv}-l`, ...more });

function conversations() {
  const rows = [
    conversation(TEA, group.items.at(-1), { pinned: true, mention_seq: 8, unread: 4, read_seq: 4 }),
    conversation(MEI, single.items.at(-1), { peer_read_seq: 6 }),
    conversation("1:1", said("1:1", 1, "buy milk", DAY_MS)),
    conversation("1:3", said("1:3", 3, FOX, 2 * MINUTE_MS), { unread: 120 }),
    conversation("1:4", said("1:4", 4, "مساء الخير", 2 * DAY_MS), { unread: 1 }),
    conversation("1:5", said("1:5", 5, "goodbye", 90 * DAY_MS)),
    conversation("1:6", said("1:6", 1, "hello", 3 * DAY_MS)),
    conversation("g8", said("g8", 2, "river.jpg", DAY_MS, { kind: "image" }), { name: "Team", muted: true, unread: 7 }),
    conversation("g10", null, { name: "Of old", group: { gid: 10, name: "Of old", avatar: null, owner: 0, role: null, members: 0 } }),
    conversation("g9", said("g9", 6, "…", 400 * DAY_MS), { name: "A draft" }),
  ];
  return Object.fromEntries(rows.map((row) => [row.conv, row]));
}

function stickers(lang) {
  const alt = lang === "zh" ? "贴图" : "Sticker";
  const known = ["hello", "love"].map((name) => [`tornado/${name}`, { name, url: `/static/stickers/tornado/${name}.webp`, alt }]);
  return { lang, packs: [], known: Object.fromEntries(known) };
}

const member = (uid, role = "member", muted_until = 0) => ({ uid, role, muted_until });

/** The state of the page, with which each board begins. */
export function state() {
  const { lang } = get();
  return {
    phase: "in",
    link: { state: "ready", retryAt: 0 },
    me: people[0],
    users: Object.fromEntries(people.map((one) => [one.uid, one])),
    convs: conversations(),
    listed: false,
    threads: { [TEA]: group, [MEI]: single, g10: thread("g10", [event("dissolved", 2)]) },
    groups: {
      [TEA]: { gid: 7, conv: TEA, name: "Tea tasting by the river, every Thursday", announcement: "Four o'clock.\nBring your own cup: https://tea.example", avatar: null, owner: 2, speak: "all", members: [member(2, "owner"), member(1), member(3, "admin"), member(4, "member", NOON + DAY_MS), member(6)] },
    },
    reads: { [TEA]: { 1: 12, 2: 12, 3: 12, 4: 6, 6: 1 } },
    outbox,
    drafts: { g9: { text: "not finished yet" } },
    typing: { "1:4": { 4: NOON * 2 } },
    stickers: stickers(lang),
    played: { since: 0, keys: {} },
  };
}
