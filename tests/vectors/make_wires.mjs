// Makes yjs_wire.json and hocuspocus_wire.json: what the published providers send and understand.
//
//     npm --prefix tests/clients ci && node tests/vectors/make_wires.mjs
//
// Every provider runs, unmodified, over a socket that writes down what it sends. What a server
// may send is given to it, and the effect is looked at before the frame is written down.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { PROVIDERS, Y, decoding, encoding, versionOf } from "../clients/packages.mjs";

const DOCUMENT = "0f9fb8ac-5ab5-4f6c-9f3e-1d2c3b4a5968";
const TOKEN = "a token, é😀";
const USER = { name: "Zoé 😀", color: "#e8590c" };
const [ME, OTHER] = [1, 4_294_967_295];

// The session id of Hocuspocus 4 is made of this.
Math.random = () => 0.123456789;
// Written down where it is the effect that is looked for.
const complaints = [];
console.warn = console.error = (...words) => complaints.push(words.join(" "));

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const bytesOf = (text) => new Uint8Array(Buffer.from(text, "hex"));
const settle = () => new Promise((resolve) => setTimeout(resolve, 2));

// ---- frames --------------------------------------------------------------------------------

const SYNC = ["step1", "step2", "update"];
const AUTH = ["token", "denied", "authenticated"];

function write(...parts) {
  const encoder = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === "number") {
      encoding.writeVarUint(encoder, part);
    } else if (typeof part === "string") {
      encoding.writeVarString(encoder, part);
    } else {
      encoding.writeVarUint8Array(encoder, part);
    }
  }
  return encoding.toUint8Array(encoder);
}

const awareness = (states) =>
  write(states.length, ...states.flatMap(([client, clock, state]) => [client, clock, JSON.stringify(state)]));

function readSync(decoder) {
  const type = SYNC[decoding.readVarUint(decoder)];
  const bytes = hex(decoding.readVarUint8Array(decoder));
  return type === "step1" ? { type, state_vector: bytes } : { type, update: bytes };
}

function readAwareness(decoder) {
  const inner = decoding.createDecoder(decoding.readVarUint8Array(decoder));
  const states = Array.from({ length: decoding.readVarUint(inner) }, () => ({
    client: decoding.readVarUint(inner),
    clock: decoding.readVarUint(inner),
    state: JSON.parse(decoding.readVarString(inner)),
  }));
  assert(!decoding.hasContent(inner));
  return { type: "awareness", states };
}

function readYjs(decoder) {
  switch (decoding.readVarUint(decoder)) {
    case 0:
      return readSync(decoder);
    case 1:
      return readAwareness(decoder);
    case 2:
      assert.equal(decoding.readVarUint(decoder), 0);
      return { type: "denied", reason: decoding.readVarString(decoder) };
    case 3:
      return { type: "query_awareness" };
  }
}

function readAuth(decoder, direction) {
  const type = AUTH[decoding.readVarUint(decoder)];
  const read = () => (decoding.hasContent(decoder) ? decoding.readVarString(decoder) : null);
  if (type === "denied") {
    return { type, reason: read() };
  }
  if (type === "authenticated") {
    return { type, scope: read() };
  }
  return direction === "client" ? { type, token: read(), version: read() } : { type: "ask_token" };
}

function readHocuspocus(decoder, direction) {
  if (decoder.arr.length === 1) {
    return { key: null, type: { 9: "ping", 10: "pong" }[decoding.readVarUint(decoder)] };
  }
  const key = decoding.readVarString(decoder);
  const message = () => {
    switch (decoding.readVarUint(decoder)) {
      case 0:
        return readSync(decoder);
      case 1:
        return readAwareness(decoder);
      case 2:
        return readAuth(decoder, direction);
      case 3:
        return { type: "query_awareness" };
      case 5:
        return { type: "stateless", payload: decoding.readVarString(decoder) };
      case 7:
        return { type: "close", ...(direction === "server" && { reason: decoding.readVarString(decoder) }) };
      case 8:
        return { type: "sync_status", saved: decoding.readVarInt(decoder) === 1 };
    }
  };
  return { key, ...message() };
}

function decode(wire, frame, direction) {
  const decoder = decoding.createDecoder(frame);
  const message = (wire === "yjs" ? readYjs : readHocuspocus)(decoder, direction);
  assert(message?.type, `${hex(frame)} is of no known type`);
  assert(!decoding.hasContent(decoder), `${hex(frame)} has something behind its end`);
  return message;
}

// ---- the recording -------------------------------------------------------------------------

/** A WebSocket whose other end is this script. */
class Socket {
  static last;
  OPEN = 1;
  readyState = 0;
  sent = [];
  #listeners = {};

  constructor(url) {
    this.url = url;
    Socket.last = this;
  }

  addEventListener(name, listener) {
    (this.#listeners[name] ??= []).push(listener);
  }

  removeEventListener(name, listener) {
    this.#listeners[name] = this.#listeners[name]?.filter((other) => other !== listener);
  }

  send(frame) {
    this.sent.push(new Uint8Array(frame));
  }

  close() {
    this.readyState = 3;
  }

  dispatch(name, event) {
    this[`on${name}`]?.(event);
    this.#listeners[name]?.forEach((listener) => listener(event));
  }

  async open() {
    this.readyState = 1;
    this.dispatch("open", {});
    await settle();
  }

  async receive(frame) {
    this.dispatch("message", { data: frame.slice().buffer });
    await settle();
  }
}

class Recording {
  constructor(wire, kind) {
    Object.assign(this, { wire, kind, version: versionOf(kind), frames: [], not_understood: [] });
  }

  #add(name, direction, frame, extra) {
    const message = decode(this.wire, frame, direction);
    this.frames.push({ name, version: this.version, direction, frame: hex(frame), message, ...extra });
    return message;
  }

  /** What the client has sent since the last look, as many frames as there are names. */
  client(...names) {
    const sent = this.socket.sent.splice(0);
    const got = sent.map((frame) => hex(frame)).join(" ");
    assert.equal(sent.length, names.length, `${this.version}, ${names}: ${got}`);
    return names.map((name, index) => this.#add(name, "client", sent[index]));
  }

  /** Give a frame to the client, which must then be as `effect` names and `check` says. */
  async server(name, frame, effect, check) {
    complaints.length = 0;
    await this.socket.receive(frame);
    assert(check(), `${this.version}, ${name}: not ${effect}`);
    return this.#add(name, "server", frame, { effect });
  }

  /** A frame that this version does not understand; `effect` is what it does. */
  async refuses(name, frame, effect) {
    complaints.length = 0;
    let did;
    try {
      await this.socket.receive(frame);
      did = complaints.length ? "complains" : "ignores it";
    } catch {
      did = "throws";
    }
    assert.equal(did, effect, `${this.version}, ${name}`);
    assert.deepEqual(this.socket.sent.map(hex), []);
    this.not_understood.push({ name, version: this.version, frame: hex(frame), effect });
  }

  get socket() {
    return Socket.last;
  }
}

/** Somebody else's edits, as the server would pass them on. */
function others() {
  const doc = new Y.Doc();
  doc.clientID = OTHER;
  let update;
  doc.on("update", (bytes) => (update = bytes));
  return {
    type(change) {
      change(doc.getText("content"));
      return update;
    },
  };
}

function newDoc() {
  const doc = new Y.Doc();
  doc.clientID = ME;
  return doc;
}

const NOTHING = new Uint8Array([0, 0]);
const NO_STATE = new Uint8Array([0]);

/** What both families do alike; `frame` puts a key before it where the wire has one. */
async function converse(recording, doc, provider, frame) {
  const text = doc.getText("content");
  const other = others();
  const shared = () => provider.awareness.getStates().get(OTHER);
  const echoes = recording.kind !== "hocuspocus4";
  const echoed = (name) => recording.client(...(echoes ? [name] : []));

  await recording.server("step 2 with nothing", frame(0, 1, NOTHING), "synced", () => provider.synced);
  recording.client();
  text.insert(0, "é😀");
  recording.client("update that writes é😀");
  text.delete(0, 1);
  recording.client("update that deletes");
  doc.transact(() => {
    text.insert(2, "ab");
    text.insert(0, "é");
  });
  recording.client("update of two places");

  await recording.server(
    "step 1 of one who has nothing",
    frame(0, 0, NO_STATE),
    "answered by a step 2 with everything",
    () => recording.socket.sent.length === 1,
  );
  recording.client("step 2 with everything");
  await recording.server(
    "step 1 of one who has it all",
    frame(0, 0, Y.encodeStateVector(doc)),
    "answered by a step 2 with the deletions",
    () => recording.socket.sent.length === 1,
  );
  recording.client("step 2 with the deletions");
  await recording.server(
    "update of somebody else",
    frame(0, 2, other.type((theirs) => theirs.insert(0, "ö😀"))),
    "in the text",
    () => text.toString().includes("ö😀"),
  );
  await recording.server(
    "update of somebody else that deletes",
    frame(0, 2, other.type((theirs) => theirs.delete(0, 1))),
    "in the text",
    () => !text.toString().includes("ö"),
  );
  recording.client();

  provider.awareness.setLocalStateField("user", USER);
  recording.client("awareness of oneself");
  await recording.server(
    "awareness of somebody else",
    frame(1, awareness([[OTHER, 3, { user: USER, cursor: null }]])),
    "among the states",
    () => isDeepStrictEqual(shared(), { user: USER, cursor: null }),
  );
  echoed("awareness of somebody else, passed on");
  await recording.server(
    "query of awareness",
    frame(3),
    "answered by all states",
    () => recording.socket.sent.length === 1,
  );
  recording.client("awareness of all, as asked");
  await recording.server(
    "awareness of one who leaves",
    frame(1, awareness([[OTHER, 3, null]])),
    "not among the states",
    () => shared() === undefined,
  );
  echoed("awareness of one who leaves, passed on");
  await recording.server(
    "awareness of two",
    frame(1, awareness([[OTHER, 4, { user: USER }], [77, 0, null]])),
    "among the states",
    () => isDeepStrictEqual(shared(), { user: USER }),
  );
  echoed("awareness of two, passed on");
  const { clock } = provider.awareness.meta.get(ME);
  await recording.server(
    "awareness that says the client itself has left, at its clock",
    frame(1, awareness([[ME, clock, null]])),
    "contradicted at the next clock",
    () => provider.awareness.meta.get(ME).clock === clock + 1 && provider.awareness.getLocalState() !== null,
  );
  echoed("awareness of oneself, who has not left");
  provider.awareness.setLocalState(null);
  recording.client("awareness of oneself, who leaves");
  provider.awareness.setLocalState({ user: USER });
  recording.client("awareness of oneself, who is back");
}

// ---- y-websocket ---------------------------------------------------------------------------

async function recordYWebsocket(kind) {
  const recording = new Recording("yjs", kind);
  const doc = newDoc();
  const provider = new PROVIDERS[kind].WebsocketProvider("ws://server/ws/yjs", DOCUMENT, doc, {
    WebSocketPolyfill: Socket,
    disableBc: true,
    params: { token: TOKEN },
  });
  assert.equal(
    recording.socket.url,
    `ws://server/ws/yjs/${DOCUMENT}?token=${encodeURIComponent(TOKEN)}`,
  );
  await recording.socket.open();
  recording.client("step 1 of one who has nothing", "awareness of one with nothing to tell");
  await converse(recording, doc, provider, write);

  provider.wsLastMessageReceived = 0;
  await recording.server(
    "awareness of nobody",
    write(1, awareness([])),
    "taken for a sign of life",
    () => provider.wsLastMessageReceived > 0,
  );
  await recording.server("denied", write(2, 0, "Nón 😀"), "told on the console", () =>
    complaints.some((line) => line.includes("Nón 😀")),
  );
  provider.disconnect();
  recording.client("awareness of oneself, who disconnects");
  provider.connect();
  await recording.socket.open();
  recording.client("step 1 of one who comes back", "awareness of one who comes back");
  await recording.server(
    "step 2 with everything",
    write(0, 1, Y.encodeStateAsUpdate(doc)),
    "synced",
    () => provider.synced,
  );
  recording.client();
  return recording;
}

// ---- Hocuspocus ----------------------------------------------------------------------------

async function openHocuspocus(kind, options) {
  const { HocuspocusProvider, HocuspocusProviderWebsocket } = PROVIDERS[kind];
  const websocketProvider = new HocuspocusProviderWebsocket({
    url: "ws://server/ws/hocuspocus",
    WebSocketPolyfill: Socket,
  });
  const doc = newDoc();
  const provider = new HocuspocusProvider({
    websocketProvider,
    name: DOCUMENT,
    document: doc,
    broadcast: false,
    ...options,
  });
  provider.attach?.();
  await settle();
  await Socket.last.open();
  return { doc, provider };
}

async function recordHocuspocus(kind) {
  const recording = new Recording("hocuspocus", kind);
  const major = Number(kind.at(-1));
  const frame = (...parts) => write(DOCUMENT, ...parts);
  let tokens = 0;
  const { doc, provider } = await openHocuspocus(kind, { token: () => `${TOKEN}${++tokens}` });
  const events = [];
  for (const name of ["authenticationFailed", "stateless", "close"]) {
    provider.on(name, (event) => events.push({ name, ...event }));
  }
  const happened = (name, field, value) => () =>
    events.some((event) => event.name === name && event[field] === value);

  recording.client("token", "step 1 of one who has nothing", "awareness of one with nothing to tell");
  for (const scope of ["read-write", "readonly"]) {
    await recording.server(`authenticated, ${scope}`, frame(2, 2, scope), "its scope", () =>
      provider.authorizedScope === scope && provider.isAuthenticated,
    );
  }
  await converse(recording, doc, provider, frame);

  await recording.server("awareness of nobody", frame(1, awareness([])), "nothing", () => true);
  recording.client();
  assert(provider.hasUnsyncedChanges);
  const count = provider.unsyncedChanges;
  await recording.server(
    "sync status of what was not stored",
    frame(8, 0),
    "still unsaved",
    () => provider.unsyncedChanges === count,
  );
  for (let left = count - 1; left >= 0; left -= 1) {
    await recording.socket.receive(frame(8, 1));
    assert.equal(provider.unsyncedChanges, left);
  }
  doc.getText("content").insert(0, "😀");
  recording.client("update that is to be stored");
  await recording.server(
    "sync status of what was stored",
    frame(8, 1),
    "nothing unsaved",
    () => !provider.hasUnsyncedChanges,
  );
  provider.sendStateless("é😀");
  recording.client("stateless");
  await recording.server(
    "stateless",
    frame(5, "é😀"),
    "told",
    happened("stateless", "payload", "é😀"),
  );

  const askToken = frame(2, 0);
  if (major > 2) {
    await recording.server("ask for a token", askToken, "answered by a new one", () => tokens === 2);
    recording.client("token, as asked");
    await recording.server("close", frame(7, "Nón 😀"), "told, and no longer synced", () =>
      events.some(({ name, event }) => name === "close" && event.reason === "Nón 😀") && !provider.synced,
    );
    // 3.x says of everybody else that they have left.
    recording.client(...(major > 3 ? [] : ["awareness of somebody else, of whom it hears no more"]));
  } else {
    await recording.refuses("ask for a token", askToken, "ignores it");
    await recording.refuses("close", frame(7, "Nón 😀"), "throws");
  }
  if (major > 3) {
    await recording.server("ping", write(9), "answered by a pong", () => recording.socket.sent.length === 1);
    recording.client("pong");
  } else {
    await recording.refuses("ping", write(9), "throws");
  }
  await recording.refuses("sync reply", frame(4, 1, NOTHING), major > 3 ? "complains" : "throws");

  await recording.server("step 2 once more", frame(0, 1, NOTHING), "synced", () => provider.synced);
  if (major > 2) {
    provider.detach();
    recording.client("close");
  } else {
    provider.destroy();
    recording.client("awareness of oneself, who is destroyed", "close", "awareness of one who has left");
  }

  await openHocuspocus(kind, { token: null });
  // 2.x says nothing at all where it has no token.
  recording.client(
    ...(major > 2 ? ["token of one who has none"] : []),
    "step 1 behind no token",
    "awareness behind no token",
  );

  const denied = await openHocuspocus(kind, { token: TOKEN });
  denied.provider.on("authenticationFailed", (event) => events.push({ name: "authenticationFailed", ...event }));
  recording.socket.sent.length = 0;
  await recording.server(
    "denied",
    frame(2, 1, "Nón 😀"),
    "told",
    happened("authenticationFailed", "reason", "Nón 😀"),
  );
  // It lets go of the document and not of the socket.
  recording.client(...(major > 2 ? [] : ["awareness of one who was denied"]));

  if (major > 3) {
    await recordSessions(recording, kind);
  }
  return recording;
}

/** Two providers of one document on one socket have keys of their own. */
async function recordSessions(recording, kind) {
  const { doc, provider } = await openHocuspocus(kind, { token: TOKEN, sessionAwareness: true });
  const key = `${DOCUMENT}\0${provider.sessionId}`;
  assert.equal(provider.effectiveName, key);
  recording.client(
    "token, with a session",
    "step 1, with a session",
    "awareness, with a session",
  );
  await recording.server("authenticated, with a session", write(key, 2, 2, "read-write"), "its scope", () =>
    provider.isAuthenticated,
  );
  await recording.server("step 2, with a session", write(key, 0, 1, NOTHING), "synced", () => provider.synced);
  provider.synced = false;
  await recording.socket.receive(write(DOCUMENT, 0, 1, NOTHING));
  assert(!provider.synced, "it takes frames without its session");
  doc.getText("content").insert(0, "é😀");
  recording.client("update, with a session");
  provider.detach();
  recording.client("close, with a session");
}

// ---- the files -----------------------------------------------------------------------------

const ABOUT = [
  "Made by make_wires.mjs with the published packages; do not edit.",
  "frames: what each version sends (client), and what it understands (server), each with the effect that was seen. Bytes are in hex; message is the frame taken apart: state_vector and update are Yjs v1.",
  "not_understood: what a version must not be sent, or what does nothing with it.",
];
const HOCUSPOCUS_ABOUT = [
  "key is what stands before every message: the document's name, in 4.x also name, NUL, session. It is null for ping and pong, which have none. A token's version is the provider's own, which 4.x alone sends.",
];

function save(file, about, recordings) {
  for (const { frames } of recordings) {
    // Names tell frames apart.
    const names = frames.map(({ name, direction }) => `${direction}: ${name}`);
    assert.equal(new Set(names).size, names.length, names.join("\n"));
  }
  const list = (name) =>
    `  "${name}": [\n${recordings
      .flatMap((recording) => recording[name])
      .map((one) => `    ${JSON.stringify(one)}`)
      .join(",\n")}\n  ]`;
  const lists = recordings.some((recording) => recording.not_understood.length) ? ["frames", "not_understood"] : ["frames"];
  writeFileSync(
    new URL(file, import.meta.url),
    `{\n  "about": ${JSON.stringify(about.join(" "))},\n${lists.map(list).join(",\n")}\n}\n`,
  );
}

save("yjs_wire.json", ABOUT.slice(0, 2), [
  await recordYWebsocket("y-websocket2"),
  await recordYWebsocket("y-websocket3"),
]);
save("hocuspocus_wire.json", [...ABOUT, ...HOCUSPOCUS_ABOUT], [
  await recordHocuspocus("hocuspocus2"),
  await recordHocuspocus("hocuspocus3"),
  await recordHocuspocus("hocuspocus4"),
]);
// Their clocks would keep it running for ever.
process.exit();
