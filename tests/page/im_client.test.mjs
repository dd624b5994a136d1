// The socket client in Node against the real server: IM_SERVER is its address.
//     node --experimental-websocket --test tests/page/im_client.test.mjs
import assert from "node:assert/strict";
import { createServer, connect as dial } from "node:net";
import { after, describe, it } from "node:test";

import { CODE, FRAME, ImClient, pairConv } from "../../static/js/im-client.js";

const SERVER = process.env.IM_SERVER;
const PASSWORD = "correct horse battery";
const clients = [];
const cases = [];
const test = (name, body) => cases.push([name, body]);
let count = 0;

after(() => clients.forEach((client) => client.stop()));

async function call(path, body, headers = {}) {
  const response = await fetch(SERVER + path, {
    method: body ? "POST" : "GET",
    headers: { "Content-Type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });
  const { data, error } = await response.json();
  assert.equal(error, "");
  return data;
}

async function account() {
  const user_name = `node${process.pid}-${++count}`;
  await call("/api/user/register", { user_name, password: PASSWORD });
  return { user_name, ...(await login(user_name)) };
}

function login(user_name) {
  return call("/api/user/login", { user_name, password: PASSWORD });
}

/** A client that keeps what it was handed. */
function clientOf({ token }, options = {}) {
  const url = new URL("/ws", options.through ?? SERVER);
  url.protocol = "ws:";
  const client = new ImClient({ url, protocols: ["im.v1", `token.${token}`], ...options });
  client.got = [];
  client.on("message", (message) => client.got.push(message));
  clients.push(client);
  return client;
}

function once(client, event, wanted = () => true) {
  return new Promise((resolve) => {
    const off = client.on(event, (...args) => {
      if (!wanted(...args)) return;
      off();
      resolve(args[0]);
    });
  });
}

async function ready(client) {
  const met = once(client, "ready");
  client.start();
  await met;
  return client;
}

/** Resolves when so many messages of the conversation have been handed out. */
async function holds(client, conv, n) {
  const texts = () => client.got.filter((message) => message.conv === conv && message.kind !== "system");
  while (texts().length < n) await once(client, "message");
  return texts().map(({ content }) => content);
}

function assertOrdered(client, conv) {
  const seqs = client.got.filter((message) => message.conv === conv).map(({ seq }) => seq);
  assert.deepEqual(seqs, seqs.map((_, index) => seqs[0] + index), "without a gap and without a repeat");
}

/** Two people who have written to each other, so that the stranger limit is lifted. */
async function pair() {
  const [ann, bo] = [await account(), await account()];
  const conv = pairConv(ann.uid, bo.uid);
  const clientA = await ready(clientOf(ann));
  const clientB = await ready(clientOf(bo));
  clientA.send({ conv, content: "hello" });
  await holds(clientB, conv, 1);
  clientB.send({ conv, content: "hi" });
  await holds(clientA, conv, 2);
  return { ann, bo, conv, clientA, clientB };
}

/** A wire that can be cut, and can swallow or gather what the server says; promises are made to hold over it. */
async function wire() {
  const open = new Set();
  const state = { deaf: false, until: null, gathered: Buffer.alloc(0) };
  const listener = createServer((near) => {
    const far = dial(new URL(SERVER).port, new URL(SERVER).hostname);
    open.add(near);
    near.pipe(far);
    far.on("data", (bytes) => {
      if (state.deaf) return;
      state.gathered = Buffer.concat([state.gathered, bytes]);
      if (state.until && !state.gathered.includes(state.until)) return;
      near.write(state.gathered);
      Object.assign(state, { until: null, gathered: Buffer.alloc(0) });
    });
    for (const [one, other] of [[near, far], [far, near]]) {
      one.on("close", () => other.destroy());
      one.on("error", () => other.destroy());
    }
    near.on("close", () => open.delete(near));
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  listener.unref();
  after(() => listener.close());
  return {
    url: `http://127.0.0.1:${listener.address().port}`,
    cut: () => open.forEach((socket) => socket.destroy()),
    deafen: (deaf) => Object.assign(state, { deaf }),
    /** All that comes up to this text comes in one piece. */
    gather: (until) => Object.assign(state, { until }),
  };
}

/** A host's storage that outlives its client. */
function memory() {
  const kept = new Map();
  return {
    kept,
    load: () => [...kept.values()].map((entry) => ({ ...entry })),
    put: (entry) => kept.set(entry.id, { ...entry }),
    remove: (id) => kept.delete(id),
  };
}

test("what is written at once is stored in that order", async () => {
  const { conv, clientA, clientB } = await pair();
  const texts = Array.from({ length: 30 }, (_, n) => `text ${n}`);
  for (const content of texts) clientA.send({ conv, content });
  assert.deepEqual((await holds(clientB, conv, 32)).slice(2), texts);
  assert.deepEqual((await holds(clientA, conv, 32)).slice(2), texts);
  for (const client of [clientA, clientB]) assertOrdered(client, conv);
  assert.equal(clientA.outbox.entries().length, 0);
});

test("what is still being made holds its place, and nothing of it outlives the run", async () => {
  const { ann, conv, clientB } = await pair();
  const storage = memory();
  const client = await ready(clientOf(ann, { storage }));
  const slow = client.reserve({ conv, kind: "text", meta: { name: "slow" } });
  const never = client.reserve({ conv, kind: "text" });
  const last = client.send({ conv, content: "written behind them" });
  assert.deepEqual([...storage.kept.keys()], [last.id]);
  assert.deepEqual(client.outbox.entries(conv).map(({ state }) => state), ["making", "making", "queued"]);
  client.outbox.fill(slow.id, { content: "made" });
  assert.equal((await holds(clientB, conv, 3)).at(-1), "made");
  client.outbox.refuse(never.id, { error: "too_large" });
  assert.equal((await holds(clientB, conv, 4)).at(-1), "written behind them");
  const [left] = client.outbox.entries(conv);
  assert.deepEqual([left.state, left.reason.error], ["failed", "too_large"]);
  client.outbox.retry(never.id);
  assert.equal(client.outbox.entries(conv)[0].state, "making");
  client.outbox.remove(never.id);
  client.outbox.fill(never.id, { content: "given up" });
  assert.equal(client.outbox.entries().length + storage.kept.size, 0);
});

test("what was missed comes by the resume, all of it, in order, over several pages", async () => {
  const { bo, conv, clientA, clientB } = await pair();
  clientB.stop();
  for (let n = 0; n < 130; n++) clientA.send({ conv, content: `missed ${n}` });
  await holds(clientA, conv, 132);
  await ready(clientB);
  assert.equal((await holds(clientB, conv, 132)).at(-1), "missed 129");
  assertOrdered(clientB, conv);
  const fresh = await ready(clientOf({ token: bo.token }, { cursors: { [conv]: 100 } }));
  assert.equal(fresh.got[0].seq, 101);
  assertOrdered(fresh, conv);
});

test("a wire that is cut all the time loses nothing and doubles nothing", async () => {
  const { ann, conv, clientB } = await pair();
  const line = await wire();
  const client = await ready(clientOf(ann, { through: line.url, random: () => 0 }));
  const cuts = setInterval(line.cut, 300);
  const texts = Array.from({ length: 60 }, (_, n) => `cut ${n}`);
  for (const content of texts) {
    client.send({ conv, content });
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const arrived = (await holds(clientB, conv, 62)).slice(2);
  clearInterval(cuts);
  assert.deepEqual(arrived, texts);
  await holds(client, conv, 62);
  for (const one of [client, clientB]) assertOrdered(one, conv);
});

test("an answer that is lost: the same id goes again, and is stored once", async () => {
  const { ann, conv, clientB } = await pair();
  const line = await wire();
  const storage = memory();
  const client = await ready(clientOf(ann, { through: line.url, storage }));
  line.deafen(true);
  client.send({ conv, content: "once" });
  await holds(clientB, conv, 3);
  assert.equal(storage.kept.size, 1, "kept until it is acknowledged");
  client.stop();
  const next = clientOf(ann, { storage });
  await ready(next);
  while (next.outbox.entries().length) await once(next, "outbox");
  assert.equal(storage.kept.size, 0);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.deepEqual(await holds(clientB, conv, 3), ["hello", "hi", "once"]);
});

test("an ack and the answer behind it, in one piece: the first message of a conversation comes first", async () => {
  const [ann, bo] = [await account(), await account()];
  const conv = pairConv(ann.uid, bo.uid);
  const line = await wire();
  const clientA = await ready(clientOf(ann, { through: line.url }));
  const clientB = await ready(clientOf(bo));
  line.gather("the answer");
  clientA.send({ conv, content: "the first" });
  await holds(clientB, conv, 1);
  clientB.send({ conv, content: "the answer" });
  assert.deepEqual(await holds(clientA, conv, 2), ["the first", "the answer"]);
  assertOrdered(clientA, conv);
});

test("a connection that died without a word is noticed by its own ping", async () => {
  const { ann, conv, clientB } = await pair();
  const line = await wire();
  const client = await ready(clientOf(ann, { through: line.url }));
  line.deafen(true);
  const waiting = once(client, "state", ({ state }) => state === "waiting");
  assert.equal(await client.check(), false);
  await waiting;
  line.deafen(false);
  clientB.send({ conv, content: "meanwhile" });
  client.send({ conv, content: "and mine" });
  await ready(client);
  await holds(client, conv, 4);
  assertOrdered(client, conv);
});

test("a newer login on this device ends it, and it does not come back", async () => {
  const ann = await account();
  const client = await ready(clientOf(ann));
  const ended = once(client, "ended");
  await login(ann.user_name);
  assert.equal((await ended).code, 4001);
  assert.equal(client.state, "ended");
});

test("a refused handshake asks the host whether the token is dead", async () => {
  const reason = { code: 4003, error: "token_invalid" };
  const client = clientOf({ token: "no.such.token" }, { probe: async () => reason });
  const ended = once(client, "ended");
  client.start();
  assert.deepEqual(await ended, reason);
});

test("a stranger's fourth message is held until the answer; a bad one fails with its reason", async () => {
  const [ann, bo] = [await account(), await account()];
  const conv = pairConv(ann.uid, bo.uid);
  const [clientA, clientB] = [await ready(clientOf(ann)), await ready(clientOf(bo))];
  for (const content of ["1", "2", "3", "4"]) clientA.send({ conv, content });
  while (clientA.outbox.entries()[0]?.state !== "held") await once(clientA, "outbox");
  assert.equal(clientA.outbox.entries()[0].reason.error, "await_reply");
  clientB.send({ conv, content: "yes?" });
  assert.deepEqual(await holds(clientB, conv, 5), ["1", "2", "3", "yes?", "4"]);
  clientA.send({ conv, content: "x".repeat(4_001) });
  while (clientA.outbox.entries()[0]?.state !== "failed") await once(clientA, "outbox");
  const [{ id, reason }] = clientA.outbox.entries();
  assert.deepEqual([reason.code, reason.field, reason.rule], [40001, "content", "length"]);
  clientA.outbox.remove(id);
});

test("over the rate it waits as long as it is told, and then all of it is there", async () => {
  const { conv, clientA, clientB } = await pair();
  const texts = Array.from({ length: 90 }, (_, n) => `fast ${n}`);
  for (const content of texts) clientA.send({ conv, content });
  assert.deepEqual((await holds(clientB, conv, 92)).slice(2), texts);
});

test("read, typing, presence, recall and what any frame answers", async () => {
  const { ann, bo, conv, clientA, clientB } = await pair();
  clientA.send({ conv, content: "read me" });
  await holds(clientB, conv, 3);
  const read = once(clientA, "read", ({ uid }) => uid === bo.uid);
  clientB.read(conv, 3);
  assert.deepEqual(await read.then(({ conv: where, seq }) => [where, seq]), [conv, 3]);
  const typing = once(clientB, "typing");
  clientA.typing(conv);
  assert.equal((await typing).uid, ann.uid);
  const present = once(clientA, "presence", ({ online }) => online);
  clientA.watch([bo.uid]);
  await present;
  const gone = once(clientA, "presence", ({ online }) => !online);
  clientB.stop();
  await gone;
  const { event_seq } = await clientA.recall(conv, 1);
  assert.equal(event_seq, 4);
  const { messages } = await clientA.history(conv, { limit: 4 });
  assert.deepEqual(messages.map(({ kind }) => kind), ["recalled", "text", "text", "system"]);
  await assert.rejects(clientA.recall(conv, 2), { error: "forbidden", code: 40003 });
  assert.equal((await clientA.request(FRAME.PING)).code, CODE.PONG);
});

/** A group of these people, made by the first; and a client of each, with what it was handed. */
async function groupOf(...people) {
  const [{ token }, ...others] = people;
  const members = others.map(({ uid }) => uid);
  const group = await call("/api/groups", { name: "Lunch", members }, { token, "User-Agent": "node" });
  return { group, clients: await Promise.all(people.map((person) => ready(clientOf(person)))) };
}

function member({ token }, method, gid, uid) {
  const path = `${SERVER}/api/groups/${gid}/members${uid ? `/${uid}` : ""}`;
  return (body) =>
    fetch(path, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json", token } });
}

/** Resolves with the event when it has been handed out. */
async function event(client, conv, wanted) {
  const found = () => client.got.find((message) => message.conv === conv && message.event === wanted);
  while (!found()) await once(client, "message");
  return found();
}

test("a group: everybody has the same, an edit and a reaction change what stands there", async () => {
  const people = [await account(), await account(), await account()];
  const { group, clients } = await groupOf(...people);
  const { conv } = group;
  clients.forEach((client, n) => client.send({ conv, content: `from ${n}` }));
  for (const client of clients) assert.equal((await holds(client, conv, 3)).length, 3);
  const sent = clients[0].got.find(({ content }) => content === "from 0");
  assert.ok((await clients[0].edit(conv, sent.seq, "@all better", [people[1].uid])).edited);
  const told = await event(clients[1], conv, "edited");
  assert.deepEqual([told.message.content, told.message.mentions], ["@all better", [people[1].uid]]);
  assert.equal((await clients[1].react(conv, sent.seq, "👍", true)).code, CODE.REACTED);
  const { message } = await event(clients[2], conv, "reacted");
  assert.deepEqual(message.reactions, [{ emoji: "👍", count: 1, uids: [people[1].uid] }]);
  await assert.rejects(clients[1].edit(conv, sent.seq, "not mine"), { error: "forbidden" });
  // Who is no member is not mentioned: what is handed out is what is stored.
  clients[0].send({ conv, content: "hey", mentions: [people[1].uid, 999_999_999] });
  const [own] = await Promise.all([once(clients[0], "message", ({ content }) => content === "hey")]);
  assert.deepEqual(own.mentions, [people[1].uid]);
  for (const client of clients) assertOrdered(client, conv);
});

test("joining later starts there; kicked hears no more; back again jumps over what was said meanwhile", async () => {
  const people = [await account(), await account()];
  const late = await account();
  const { group, clients } = await groupOf(...people);
  const { conv, gid } = group;
  const [ann] = clients;
  const his = await ready(clientOf(late));
  const say = async (content) => {
    ann.send({ conv, content });
    await once(ann, "message", (message) => message.content === content);
  };
  await say("before");
  await member(people[0], "POST", gid)({ uids: [late.uid] });
  await say("hello");
  assert.deepEqual(await holds(his, conv, 1), ["hello"]);
  assert.equal(his.got[0].event, "joined");
  assertOrdered(his, conv);
  await member(people[0], "DELETE", gid, late.uid)();
  const kicked = await event(his, conv, "kicked");
  await say("without him");
  his.send({ conv, content: "let me in" });
  while (his.outbox.entries()[0]?.state !== "failed") await once(his, "outbox");
  assert.equal(his.outbox.entries()[0].reason.error, "forbidden");
  his.outbox.remove(his.outbox.entries()[0].id);
  assert.equal(his.got.at(-1).seq, kicked.seq);
  await member(people[1], "POST", gid)({ uids: [late.uid] });
  await say("back");
  assert.deepEqual(await holds(his, conv, 2), ["hello", "back"]);
  assert.equal(his.got.at(-2).seq, kicked.seq + 2, "one message was not for him");
  // Away while the same happens: the resume says it.
  his.stop();
  await member(people[0], "DELETE", gid, late.uid)();
  await say("again without him");
  await member(people[0], "POST", gid)({ uids: [late.uid] });
  await say("twice back");
  await ready(his);
  assert.deepEqual(await holds(his, conv, 3), ["hello", "back", "twice back"]);
  his.send({ conv, content: "here" });
  await holds(ann, conv, 7);
  assertOrdered(ann, conv);
});

// A few at a time, each with people of its own: they wait for each other, and for time to pass.
describe("the client", { concurrency: 4 }, () => {
  for (const [name, body] of cases) it(name, { timeout: 40_000 }, body);
});
