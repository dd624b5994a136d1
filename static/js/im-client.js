/**
 * The socket client of Tornado IM. No DOM: it runs in any web app and in Node.
 *
 *     const client = new ImClient({ url: "wss://host/ws" });
 *     client.on("message", (message) => ...);
 *     client.start();
 *     client.send({ conv: "3:7", content: "hello" });
 *
 * It keeps one socket open, sends what was written in order and once, and hands out every message of
 * every conversation once and in `seq` order, whatever happens to the network in between. Of a group it
 * hands out what one may read: from the event of joining on, up to that of leaving; who comes back goes
 * on from there, past what was said meanwhile.
 */
import { Connection } from "./im-connection.js";
import { Cursors } from "./im-cursors.js";
import { DEFAULTS } from "./im-options.js";
import { Outbox } from "./im-outbox.js";
import { CODE, DISCONNECTED, FRAME } from "./im-wire.js";

export { CLOSE, CODE, FRAME, ImError, pairConv } from "./im-wire.js";

/** Cursors sent in one sync: about 30 bytes each, and a frame may have 64 KiB. */
const SYNC_CURSORS = 1_500;
/** The server passes typing on once a second at most; it shows for a few. */
const TYPING_MS = 1_500;
/** The largest page of history that the server gives. */
const PAGE = 100;
/** What one presence frame may watch. */
const WATCHED = 200;

/**
 * Events, by name, and what the listener gets:
 *
 * - `state` {state, retryAt}: "stopped", "connecting", "syncing", "ready", "waiting" (until retryAt), "ended"
 * - `greeted` the frame 50002, of each new socket
 * - `ready` when nothing is missing any more, after each (re)connect
 * - `message` (message, {live}): live is false for what was missed and came later
 * - `conversation` {conv, last_seq, first_seq, read_seq, unread}: what a sync says of one
 * - `outbox` conv: its entries in {@link ImClient#outbox} changed
 * - `read` {conv, uid, seq} · `typing` {conv, uid} · `presence` {uid, online} · `remote` the frame 50020
 * - `ended` {code, error?}: this token is dead, sign in again
 */
export class ImClient {
  uid = 0;

  #options;
  #connection;
  #listeners = new Map();
  #reads = new Map();
  #typed = new Map();
  #filling = new Map();
  #watched = [];
  #live = false;
  #syncing = false;
  #syncAgain = false;

  /** @param {import("./im-options.js").Options} options */
  constructor(options) {
    this.#options = { ...DEFAULTS, ...options };
    const { storage, timers, now, random, cursors } = this.#options;
    this.cursors = new Cursors((message) => this.#applied(message), cursors);
    this.outbox = new Outbox({
      storage,
      timers,
      now,
      random,
      transmit: (entry) => this.#transmit(entry),
      changed: (conv) => this.#emit("outbox", conv),
    });
    this.#connection = new Connection(this.#options, {
      greeted: (frame) => this.#greeted(frame),
      heard: (frame) => this.#heard(frame),
      dropped: () => this.#dropped(),
      changed: (state) => this.#emit("state", state),
      ended: (reason) => this.#emit("ended", reason),
    });
  }

  /** @returns {import("./im-connection.js").State} */
  get state() {
    return this.#connection.state;
  }

  /** Listens; the returned function ends it. */
  on(event, listener) {
    if (!this.#listeners.has(event)) this.#listeners.set(event, new Set());
    this.#listeners.get(event).add(listener);
    return () => this.#listeners.get(event).delete(listener);
  }

  start() {
    this.#connection.start();
  }

  /** Closes for good; what is unsent stays in the storage. */
  stop() {
    this.#connection.stop();
  }

  /**
   * After waking up, or when the network changed: tries now, or makes sure that the socket is alive.
   * @returns {Promise<boolean>} whether it is
   */
  check() {
    return this.#connection.check();
  }

  /** Any frame; resolves with its answer, rejects with an ImError. */
  request(type, fields) {
    return this.#connection.request(type, fields);
  }

  /**
   * Puts a message into the outbox. It is sent when its turn has come; `outbox` and `message` tell.
   * @param {{conv: string, content: string, kind?: string, meta?: object, reply_to?: number, mentions?: number[]|"all"}} draft
   */
  send({ kind = "text", ...draft }) {
    this.#typed.delete(draft.conv); // the next letter is news again
    return this.outbox.add({ id: this.#options.newId(), kind, ...draft, time: this.#options.now() });
  }

  /** Takes a place in the line for a message whose content is still being made: see {@link Outbox#reserve}. */
  reserve(draft) {
    return this.outbox.reserve({ id: this.#options.newId(), ...draft, time: this.#options.now() });
  }

  /** A page of history: `{messages, end}`. Does not move cursors. */
  async history(conv, range = {}) {
    const { messages = [], end = true } = await this.request(FRAME.HISTORY, { conv, limit: 20, ...range });
    return { messages, end };
  }

  /** Marks read; without a connection as soon as there is one. */
  read(conv, seq) {
    if (seq <= (this.#reads.get(conv) ?? 0)) return;
    this.#reads.set(conv, seq);
    if (this.state === "ready") this.#sendRead(conv, seq);
  }

  /** Tells that I am typing; as often as you like. */
  typing(conv) {
    const now = this.#options.now();
    if (this.state !== "ready" || now - (this.#typed.get(conv) ?? 0) < TYPING_MS) return;
    this.#typed.set(conv, now);
    this.#connection.write({ type: FRAME.TYPING, conv });
  }

  recall(conv, seq) {
    return this.request(FRAME.RECALL, { conv, seq });
  }

  /** Puts another text in the place of mine; without `mentions` it mentions nobody. */
  edit(conv, seq, content, mentions) {
    return this.request(FRAME.EDIT, { conv, seq, content, ...(mentions?.length && { mentions }) });
  }

  /** Sets a reaction, or takes it away. What came of it arrives as an event, as with every change. */
  react(conv, seq, emoji, on) {
    return this.request(FRAME.REACT, { conv, seq, emoji, on });
  }

  /** Follows these people's presence until the next call, across reconnects; the first 200 of them. */
  watch(uids) {
    this.#watched = uids.slice(0, WATCHED);
    if (this.state === "ready") this.#watch();
  }

  #emit(event, ...args) {
    for (const listener of this.#listeners.get(event) ?? []) listener(...args);
  }

  async #greeted(frame) {
    this.uid = frame.uid;
    this.#emit("greeted", frame);
    if (!(await this.#sync())) return;
    this.#connection.ready();
    for (const [conv, seq] of this.#reads) this.#sendRead(conv, seq);
    this.#watch();
    this.outbox.open();
    this.#emit("ready");
  }

  #dropped() {
    this.outbox.close();
    this.cursors.forget();
    this.#filling.clear();
    this.#syncing = this.#live = false;
  }

  #heard({ code, ...frame }) {
    if (code === CODE.MESSAGE) this.#offer(frame);
    else if (code === CODE.READ) this.#emit("read", frame);
    else if (code === CODE.TYPING) this.#emit("typing", frame);
    else if (code === CODE.PRESENCE) this.#emit("presence", frame);
    else if (code === CODE.STATE) this.#emit("remote", frame);
    else if (code === CODE.RESYNC) this.#sync();
  }

  /** Promise 3: asks until nothing is left. False when the connection went meanwhile. */
  async #sync() {
    if (this.#syncing) {
      this.#syncAgain = true; // this one may already have passed by what was missed since
      return true;
    }
    this.#syncing = true;
    this.#live = false;
    const behind = new Map();
    for (let more = true; more; ) {
      this.#syncAgain = false;
      const asked = this.cursors.snapshot(SYNC_CURSORS);
      const page = await this.#connection.patiently(FRAME.SYNC, () => ({ cursors: asked }));
      if (!page) return false;
      const moved = page.conversations.map((conversation) => this.#resumed(conversation, asked, behind));
      more = this.#syncAgain || (moved.includes(true) && (page.more || page.conversations.some((c) => c.more)));
    }
    this.#syncing = false;
    this.#live = true;
    for (const [conv, last] of behind) this.#fill(conv, last);
    for (const conv of this.cursors.waiting()) if (this.cursors.drain(conv)) this.#fill(conv);
    return true;
  }

  /** One conversation of a sync. Returns whether it brought anything new. */
  #resumed({ messages, more, ...conversation }, asked, behind) {
    const { conv, last_seq } = conversation;
    const before = this.cursors.at(conv);
    const first = messages[0]?.seq ?? last_seq + 1;
    this.#emit("conversation", conversation);
    // Asked with our cursor, or new to us: what lies before this page cannot be read or is history.
    if (before === undefined || conv in asked) this.cursors.skip(conv, first - 1);
    else behind.set(conv, last_seq);
    for (const message of messages) this.cursors.offer(message, true);
    return this.cursors.at(conv) !== before;
  }

  /** What leaves a gap waits: for the sync under way, which will close it, or for the history. */
  async #offer(message) {
    if (!this.cursors.offer(message, this.#syncing) && !this.#syncing) await this.#fill(message.conv);
  }

  /** Reads on from the cursor until nothing waits behind a gap and `upTo` is reached. */
  async #fill(conv, upTo = 0) {
    const running = this.#filling.has(conv);
    this.#filling.set(conv, Math.max(upTo, this.#filling.get(conv) ?? 0));
    if (running) return;
    do {
      const after = this.cursors.at(conv);
      const page = await this.#connection.patiently(FRAME.HISTORY, () => ({ conv, after, limit: PAGE }));
      if (!page) return;
      const messages = page.messages ?? [];
      if (messages.length) this.cursors.skip(conv, messages[0].seq - 1);
      else this.cursors.jump(conv);
      for (const message of messages) this.cursors.offer(message);
      if (!messages.length) this.#filling.set(conv, 0);
    } while (this.cursors.drain(conv) || this.cursors.at(conv) < this.#filling.get(conv));
    this.#filling.delete(conv);
  }

  #applied(message) {
    const mine = message.from === this.uid;
    if (mine) this.outbox.remove(message.id);
    this.#emit("message", message, { live: this.#live });
    if (!mine && message.kind !== "system") this.outbox.release(message.conv);
  }

  /** An ack stands in for the push of that message (promise 2). */
  async #transmit({ id, state, reason, meta, time: written, ...fields }) {
    let stood;
    await this.#connection.request(FRAME.SEND, fields, { id, heard: (ack) => (stood = this.#stood(id, fields, ack)) });
    await stood;
  }

  async #stood(id, fields, { seq, time, duplicate, masked }) {
    const { conv, kind } = fields;
    if ((kind === "text" || kind === "sticker") && !duplicate && !masked && !fields.mentions) {
      await this.#offer({ ...fields, id, seq, time, from: this.uid });
    } else if (!(this.cursors.at(conv) >= seq)) {
      // What is stored may differ from what was sent (a mention of who is not a member): it is read.
      if (this.cursors.at(conv) === undefined) this.cursors.skip(conv, seq - 1);
      await this.#fill(conv, seq);
    }
  }

  async #sendRead(conv, seq) {
    let error;
    try {
      this.#emit("read", await this.request(FRAME.READ, { conv, seq }));
    } catch (refusal) {
      ({ error } = refusal);
    }
    if (error !== DISCONNECTED && this.#reads.get(conv) === seq) this.#reads.delete(conv);
  }

  async #watch() {
    const watched = this.#watched;
    if (!watched.length) return;
    const { online } = await this.request(FRAME.PRESENCE, { uids: watched }).catch(() => ({ online: null }));
    if (online) for (const uid of watched) this.#emit("presence", { uid, online: online.includes(uid) });
  }
}
