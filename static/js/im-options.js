/** What the socket client is made with, and what stands in where nothing is given. */

/**
 * @typedef {object} Options
 * @property {string|URL} url                      `ws(s)://host/ws`
 * @property {string[]} [protocols]                `["im.v1", "token.<jwt>"]` (and `"device.<id>"`) where
 *                                                 no cookie and no header can carry the token
 * @property {typeof WebSocket} [WebSocket]
 * @property {import("./im-outbox.js").OutboxStorage} [storage]  default: memory
 * @property {Object<string, number>} [cursors]    what the app already has, from an earlier run
 * @property {{setTimeout: Function, clearTimeout: Function}} [timers]
 * @property {() => number} [now]
 * @property {() => number} [random]
 * @property {() => string} [newId]
 * @property {() => Promise<null|{code: number, error: string}>} [probe]  asked after a refused handshake,
 *           whose status a browser does not tell: the close code and word it stands for, null to go on trying
 */
export const DEFAULTS = {
  WebSocket: globalThis.WebSocket,
  storage: { load: () => [], put() {}, remove() {} },
  timers: { setTimeout: (call, ms) => setTimeout(call, ms), clearTimeout: (timer) => clearTimeout(timer) },
  now: () => Date.now(),
  random: () => Math.random(),
  newId: () => crypto.randomUUID(),
  probe: async () => null,
};
