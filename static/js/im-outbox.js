/**
 * Messages on their way: kept in storage until the server has acknowledged them.
 *
 * - One at a time per conversation, so that the order written is the order stored.
 * - Always the same `id`, so that a repeat is stored once, from whichever tab or run it comes.
 * - Refused for good: kept as "failed" with the reason, until retried or removed.
 * - What is still being made (a file that is uploaded) has its place in the line, and what was written
 *   behind it waits; it is not in storage before it is filled, so it does not outlive this run.
 */
import { CODE, DISCONNECTED, backOff } from "./im-wire.js";

/** An outcome that stays unknown this often in a row is shown to the person. */
const INTERNAL_TRIES = 5;

/** When `rate_limited` comes without a time. */
const RATE_PAUSE_MS = 1_000;

/**
 * @typedef {object} Entry
 * @property {string} id        the message's id
 * @property {string} conv
 * @property {string} kind
 * @property {string} [content]  absent of what is still being made
 * @property {object} [meta]     of a medium: what is known of it, for those who show the entry
 * @property {number} [reply_to]
 * @property {number[]|"all"} [mentions]
 * @property {number} time      when it was written, ms
 * @property {"making"|"queued"|"sending"|"held"|"failed"} state  making: see {@link Outbox#reserve};
 *                              held: waits for the other person's first answer
 * @property {{code: number, error: string, field?: string, rule?: string}} [reason]
 */

/**
 * @typedef {object} OutboxStorage  Where entries survive a restart; one item per entry, so that two
 *                                  tabs on one storage never overwrite each other.
 * @property {() => Entry[]} load
 * @property {(entry: Entry) => void} put
 * @property {(id: string) => void} remove
 */

export class Outbox {
  /** @type {Entry[]} */
  #entries = [];
  #running = false;
  #pausedUntil = new Map();
  #tries = new Map();
  #host;

  /**
   * @param {object} host
   * @param {OutboxStorage} host.storage
   * @param {(entry: Entry) => Promise<void>} host.transmit  resolves when stored, rejects with an ImError
   * @param {(conv: string) => void} host.changed
   * @param {{setTimeout: Function, clearTimeout: Function}} host.timers
   * @param {() => number} host.now
   * @param {() => number} host.random
   */
  constructor(host) {
    this.#host = host;
    this.#entries = host.storage.load().sort((a, b) => a.time - b.time);
    for (const entry of this.#entries) if (entry.state !== "failed") entry.state = "queued";
  }

  /** Entries of one conversation, or all, in the order written; copies, which do not change later. */
  entries(conv) {
    return this.#entries.filter((entry) => !conv || entry.conv === conv).map((entry) => ({ ...entry }));
  }

  /** @param {Entry} entry */
  add(entry) {
    return this.#join(entry, "queued");
  }

  /** Takes a place in the line for what is still being made; {@link fill} or {@link refuse} ends that. */
  reserve(entry) {
    return this.#join(entry, "making");
  }

  /** It is made: `fields` have its content. Nothing where it was given up meanwhile. */
  fill(id, fields) {
    const entry = this.#find(id);
    if (!entry) return;
    Object.assign(entry, fields);
    this.#put(entry, "queued");
    this.#pump();
  }

  /** It could not be made. */
  refuse(id, reason) {
    const entry = this.#find(id);
    if (!entry) return;
    entry.reason = reason;
    this.#put(entry, "failed");
    this.#pump();
  }

  #join(entry, state) {
    // Two written within one millisecond must come back from storage in their order.
    const last = this.#entries.at(-1)?.time ?? 0;
    const kept = { ...entry, time: Math.max(entry.time, last + 1), state };
    this.#entries.push(kept);
    this.#save(kept);
    this.#pump();
    return kept;
  }

  /** Sends (or makes) a failed or held one again, behind what was written since, with the same id. */
  retry(id) {
    const entry = this.#find(id);
    if (!entry || entry.state === "sending" || entry.state === "making") return;
    delete entry.reason;
    this.#entries = [...this.#entries.filter((other) => other !== entry), entry];
    entry.time = Math.max(this.#host.now(), (this.#entries.at(-2)?.time ?? 0) + 1);
    this.#tries.delete(id);
    this.#put(entry, entry.content === undefined ? "making" : "queued");
    this.#pump();
  }

  /** Takes an entry out: the server has it, or the person gave it up. */
  remove(id) {
    const entry = this.#find(id);
    if (!entry) return;
    this.#entries = this.#entries.filter((other) => other !== entry);
    this.#tries.delete(id);
    this.#host.storage.remove(id);
    this.#host.changed(entry.conv);
    this.#pump();
  }

  /** The other person has written: what waited for that may go. */
  release(conv) {
    for (const entry of this.#entries) {
      if (entry.conv !== conv || entry.state !== "held") continue;
      delete entry.reason;
      this.#put(entry, "queued");
    }
    this.#pump();
  }

  /** The connection is resumed. */
  open() {
    this.#running = true;
    this.#pausedUntil.clear();
    this.#pump();
  }

  /** The connection is gone: whatever was on its way goes again. */
  close() {
    this.#running = false;
    for (const entry of this.#entries) if (entry.state === "sending") entry.state = "queued";
  }

  #find(id) {
    return this.#entries.find((entry) => entry.id === id);
  }

  #put(entry, state) {
    entry.state = state;
    this.#save(entry);
  }

  #save(entry) {
    if (entry.content !== undefined) this.#host.storage.put(entry);
    this.#host.changed(entry.conv);
  }

  #pump() {
    if (!this.#running) return;
    const seen = new Set();
    for (const entry of [...this.#entries]) {
      if (entry.state === "failed" || seen.has(entry.conv)) continue;
      seen.add(entry.conv);
      if (entry.state === "queued" && !this.#paused(entry.conv)) this.#transmit(entry);
    }
  }

  async #transmit(entry) {
    entry.state = "sending";
    try {
      await this.#host.transmit(entry);
      this.remove(entry.id);
    } catch (refusal) {
      if (this.#find(entry.id) === entry) this.#refused(entry, refusal);
    }
  }

  #refused(entry, { code, error, field, rule, retry_after }) {
    if (error === DISCONNECTED) {
      entry.state = "queued";
    } else if (code === CODE.LIMITED && error !== "await_reply") {
      this.#again(entry, retry_after ?? RATE_PAUSE_MS, "");
    } else if (code === CODE.LIMITED) {
      entry.reason = { code, error };
      this.#put(entry, "held");
    } else if (code === CODE.UNAVAILABLE || (code === CODE.INTERNAL && this.#triesOf(entry) < INTERNAL_TRIES)) {
      this.#tries.set(entry.id, this.#triesOf(entry) + 1);
      this.#again(entry, backOff(this.#triesOf(entry), this.#host.random), entry.conv);
    } else {
      entry.reason = { code, error, field, rule };
      this.#put(entry, "failed");
      this.#pump();
    }
  }

  #triesOf(entry) {
    return this.#tries.get(entry.id) ?? 0;
  }

  /** The rate is counted per person (scope ""), a store's failure concerns one conversation. */
  #again(entry, delay, scope) {
    entry.state = "queued";
    this.#pausedUntil.set(scope, this.#host.now() + delay);
    this.#host.timers.setTimeout(() => {
      this.#pausedUntil.delete(scope);
      this.#pump();
    }, delay);
  }

  #paused(conv) {
    const now = this.#host.now();
    return ["", conv].some((scope) => (this.#pausedUntil.get(scope) ?? 0) > now);
  }
}
