/**
 * The words of the wire: frame types, codes, close codes, and the one error an answer can turn into.
 */

/** Client to server, field `type`. */
export const FRAME = Object.freeze({
  SEND: 1,
  HISTORY: 2,
  UNREAD: 3,
  READ: 4,
  TYPING: 5,
  RECALL: 6,
  SYNC: 7,
  PRESENCE: 8,
  PING: 9,
  EDIT: 10,
  REACT: 11,
});

/** Server to client, field `code`. */
export const CODE = Object.freeze({
  MESSAGE: 50001,
  CONNECTED: 50002,
  HISTORY_END: 50003,
  SENT_ONLINE: 50004,
  SENT_OFFLINE: 50005,
  LIMITED: 50006,
  HISTORY: 50007,
  UNREAD: 50008,
  READ: 50009,
  TYPING: 50010,
  PRESENCE: 50011,
  RECALLED: 50012,
  SYNC: 50013,
  PONG: 50014,
  RESYNC: 50015,
  EDITED: 50016,
  REACTED: 50017,
  STATE: 50020,
  INTERNAL: 50000,
  UNAVAILABLE: 50300,
});

/** Closes after which the same token must not be used again. */
export const CLOSE = Object.freeze({ SUPERSEDED: 4001, EXPIRED: 4002, REVOKED: 4003 });

/** `error` of an {@link ImError} whose answer never came: the connection went, the outcome is unknown. */
export const DISCONNECTED = "disconnected";

/** A refusal: the server's `code`, `error`, `field`, `rule` and `retry_after` where it gave them. */
export class ImError extends Error {
  constructor({ code = 0, error, field, rule, retry_after, msg }) {
    super(msg || error);
    this.name = "ImError";
    Object.assign(this, { code, error, field, rule, retry_after });
  }
}

/** Whether a server frame refuses: every 4xxxx, and these three of 5xxxx. */
export function refuses(code) {
  return code < 50000 || code === CODE.INTERNAL || code === CODE.LIMITED || code === CODE.UNAVAILABLE;
}

/** The conversation of two people; of one with themselves, their notes. */
export function pairConv(uid, peer) {
  return `${Math.min(uid, peer)}:${Math.max(uid, peer)}`;
}

/** Doubles from `first` to `last` ms, then spread by half to both sides so that clients do not return together. */
export function backOff(tries, random, first = 500, last = 20_000) {
  return Math.round(Math.min(last, first * 2 ** Math.min(tries, 16)) * (0.5 + random()));
}
