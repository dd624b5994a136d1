/**
 * One live socket at a time: opens it, finds out when it is dead, opens the next one after a random
 * wait, and brings every answer back to its question.
 */
import { CLOSE, CODE, DISCONNECTED, FRAME, ImError, backOff, refuses } from "./im-wire.js";

/** No answer for so long means that the connection is dead, whatever the socket says. */
const ANSWER_MS = 15_000;

/** After waking up the network has usually gone: find out sooner. */
const CHECK_MS = 2_500;

/** The server names its own in the greeting. */
const HEARTBEAT_MS = 25_000;

/** @typedef {"stopped"|"connecting"|"syncing"|"ready"|"waiting"|"ended"} State */

export class Connection {
  /** @type {State} */
  state = "stopped";
  /** When the next try is due, in state "waiting". */
  retryAt = 0;

  #options;
  #host;
  #pending = new Map();
  #requests = 0;
  #tries = 0;
  #heartbeat = HEARTBEAT_MS;
  #heardAt = 0;
  #beatTimer;
  #retryTimer;
  #socket = null;

  /**
   * @param {import("./im-options.js").Options} options
   * @param {object} host
   * @param {(frame: object) => void} host.greeted  the first frame of a new socket; then call {@link ready}
   * @param {(frame: object) => void} host.heard    what answers nothing
   * @param {() => void} host.dropped               the socket is gone, and with it all unanswered requests
   * @param {(state: {state: State, retryAt: number}) => void} host.changed
   * @param {(reason: {code: number, error?: string}) => void} host.ended
   */
  constructor(options, host) {
    this.#options = options;
    this.#host = host;
  }

  /** What is asked on one socket must not be continued on another: compare before going on. */
  get socket() {
    return this.#socket;
  }

  start() {
    if (this.state === "stopped" || this.state === "ended") this.#connect();
  }

  stop() {
    this.#drop();
    this.#become("stopped");
  }

  /** Resumed: the next failure waits the shortest time again. */
  ready() {
    this.#tries = 0;
    this.#become("ready");
  }

  /** Tries now if it waits; if it believes to be connected, makes sure. Resolves with whether it is. */
  async check() {
    if (this.state === "waiting") this.#connect();
    if (this.state !== "ready") return false;
    const pong = await this.request(FRAME.PING, {}, { timeout: CHECK_MS }).catch(() => null);
    return pong !== null;
  }

  /** Gives this socket up and waits for the next one. */
  lost() {
    this.#drop();
    this.#wait();
  }

  write(frame) {
    this.#socket.send(JSON.stringify(frame));
  }

  /**
   * Resolves with the answer; rejects with an ImError, "disconnected" when there will be none.
   * `heard` gets a good answer before any frame behind it is looked at: in Node two that came in one
   * piece are handed on without a turn for promises between them.
   */
  request(type, fields = {}, { timeout = ANSWER_MS, id = `r${++this.#requests}`, heard } = {}) {
    return new Promise((resolve, reject) => {
      if (this.#socket?.readyState !== 1) return reject(new ImError({ error: DISCONNECTED }));
      const timer = this.#options.timers.setTimeout(() => this.lost(), timeout);
      this.#pending.set(id, { resolve, reject, timer, heard });
      this.write({ type, ...fields, id });
    });
  }

  /** Repeats a request that a store's outage or the rate refused; null when the socket went first. */
  async patiently(type, fields) {
    const socket = this.#socket;
    for (let tries = 0; socket === this.#socket; tries++) {
      try {
        return await this.request(type, fields());
      } catch ({ code, error, retry_after }) {
        if (error === DISCONNECTED) return null;
        // What is refused for good would be refused on this socket again: begin anew.
        if (![CODE.UNAVAILABLE, CODE.INTERNAL, CODE.LIMITED].includes(code)) this.lost();
        await this.#pause(retry_after ?? backOff(tries, this.#options.random));
      }
    }
    return null;
  }

  #pause(ms) {
    return new Promise((resolve) => this.#options.timers.setTimeout(resolve, ms));
  }

  #become(state) {
    this.state = state;
    this.#host.changed({ state, retryAt: this.retryAt });
  }

  #connect() {
    this.#drop();
    this.#become("connecting");
    const { WebSocket, url, protocols = ["im.v1"] } = this.#options;
    const socket = new WebSocket(String(url), protocols);
    let greeted = false;
    this.#socket = socket;
    // A handshake can hang as well; the greeting has to come within the same time as any answer.
    const refused = () => socket === this.#socket && this.#closed(0, greeted);
    this.#retryTimer = this.#options.timers.setTimeout(refused, ANSWER_MS);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      const frame = JSON.parse(data);
      this.#heardAt = this.#options.now();
      greeted ||= frame.code === CODE.CONNECTED;
      this.#heard(frame);
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#closed(code, greeted);
    };
    // A close follows and says more; except for a refused handshake in some versions of Node.
    socket.onerror = () => this.#options.timers.setTimeout(refused, 0);
  }

  /** A message's `id` is its author's own and answers nothing. */
  #heard(frame) {
    const { code, id } = frame;
    const waiting = code === CODE.MESSAGE ? undefined : this.#pending.get(id);
    if (waiting) {
      this.#pending.delete(id);
      this.#options.timers.clearTimeout(waiting.timer);
      if (refuses(code)) waiting.reject(new ImError(frame));
      else {
        waiting.heard?.(frame);
        waiting.resolve(frame);
      }
    } else if (code === CODE.CONNECTED) {
      this.#options.timers.clearTimeout(this.#retryTimer);
      this.#heartbeat = frame.heartbeat || HEARTBEAT_MS;
      this.#beat();
      this.#become("syncing");
      this.#host.greeted(frame);
    } else {
      this.#host.heard(frame);
    }
  }

  /** A page cannot see the server's pings, so in a silence it sends its own. */
  #beat() {
    this.#beatTimer = this.#options.timers.setTimeout(() => {
      if (this.#options.now() - this.#heardAt >= this.#heartbeat) this.request(FRAME.PING).catch(() => {});
      this.#beat();
    }, this.#heartbeat);
  }

  async #closed(code, greeted) {
    if (Object.values(CLOSE).includes(code)) return this.#end({ code });
    this.lost();
    if (greeted) return;
    const reason = await this.#options.probe();
    if (reason && (this.state === "waiting" || this.state === "connecting")) this.#end(reason);
  }

  /** Lets go of the socket; whatever was asked on it will not be answered. */
  #drop() {
    this.#options.timers.clearTimeout(this.#retryTimer);
    this.#options.timers.clearTimeout(this.#beatTimer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket && socket.readyState < 2) socket.close();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    this.#host.dropped();
    for (const { reject, timer } of pending) {
      this.#options.timers.clearTimeout(timer);
      reject(new ImError({ error: DISCONNECTED }));
    }
  }

  #end(reason) {
    this.#drop();
    this.#become("ended");
    this.#host.ended(reason);
  }

  #wait() {
    const delay = backOff(this.#tries++, this.#options.random);
    this.retryAt = this.#options.now() + delay;
    this.#retryTimer = this.#options.timers.setTimeout(() => this.#connect(), delay);
    this.#become("waiting");
  }
}
