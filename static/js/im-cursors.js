/**
 * Once and in order: per conversation the highest `seq` that was handed to the app.
 *
 * What is not above it is dropped; what leaves a gap waits here until the gap is filled.
 */
export class Cursors {
  #last = new Map();
  #ahead = new Map();
  #apply;

  /**
   * @param {(message: object) => void} apply called with each message once, in `seq` order per conversation
   * @param {Object<string, number>} [initial] cursors kept from an earlier run
   */
  constructor(apply, initial = {}) {
    this.#apply = apply;
    for (const [conv, seq] of Object.entries(initial)) this.#last.set(conv, seq);
  }

  /** The highest seq applied, or undefined for a conversation not met yet. */
  at(conv) {
    return this.#last.get(conv);
  }

  /** Moves forward without applying: what the app already has, or what can no longer be read. */
  skip(conv, seq) {
    if (seq <= (this.#last.get(conv) ?? -1)) return;
    this.#last.delete(conv); // set again below, so that the map stays ordered by the latest move
    this.#last.set(conv, seq);
  }

  /** At most `limit` cursors, of the conversations that moved last. */
  snapshot(limit = Infinity) {
    return Object.fromEntries([...this.#last].slice(limit === Infinity ? 0 : -limit));
  }

  /**
   * Takes a message from whatever source. Returns false if it must wait for earlier ones.
   * In a conversation not met yet the first one offered is the beginning, unless `hold` says that a
   * sync under way will tell.
   */
  offer(message, hold = false) {
    const { conv, seq } = message;
    const last = this.#last.get(conv) ?? (hold ? undefined : seq - 1);
    if (last === undefined || seq > last + 1) {
      if (!this.#ahead.has(conv)) this.#ahead.set(conv, new Map());
      this.#ahead.get(conv).set(seq, message);
      return false;
    }
    if (seq === last + 1) {
      this.skip(conv, seq);
      this.#apply(message);
      this.drain(conv);
    }
    return true;
  }

  /** Applies what waited and has become next. Returns whether a gap is left. */
  drain(conv) {
    const waiting = this.#ahead.get(conv);
    if (!waiting) return false;
    if (!this.#last.has(conv)) this.jump(conv);
    for (const seq of [...waiting.keys()].sort((a, b) => a - b)) {
      const last = this.#last.get(conv);
      if (seq > last + 1) return true;
      const message = waiting.get(seq);
      waiting.delete(seq);
      if (seq === last + 1) {
        this.skip(conv, seq);
        this.#apply(message);
      }
    }
    this.#ahead.delete(conv);
    return false;
  }

  /** Gives up the gap before what waits: the server has nothing there to read. */
  jump(conv) {
    const waiting = this.#ahead.get(conv);
    if (waiting) this.skip(conv, Math.min(...waiting.keys()) - 1);
  }

  /** Conversations in which something waits. */
  waiting() {
    return [...this.#ahead.keys()];
  }

  /** A broken connection: the next sync brings again what waited. */
  forget() {
    this.#ahead.clear();
  }
}
