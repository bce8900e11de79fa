import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import type { ProviderOptions } from "./options";
import { DocumentProvider } from "./provider";
import { encode, endTurn, FakeEnvironment } from "./testing/fake-environment";
import { FakeServer } from "./testing/fake-server";
import { UploadError } from "./upload";

let environment: FakeEnvironment;
let server: FakeServer;
let doc: Y.Doc;
let provider: DocumentProvider;

function open(options: Partial<ProviderOptions> = {}): void {
  provider = new DocumentProvider({
    url: "ws://test/ws/documents/1/",
    doc,
    environment,
    ...options,
  });
  provider.connect();
}

/** A provider that is welcomed and has what the server has. */
async function openSynced(options: Partial<ProviderOptions> = {}, welcome = {}): Promise<void> {
  open(options);
  environment.socket.welcome(welcome);
  server.answerSync(environment.socket);
  await endTurn();
}

function type(text: string): void {
  const content = doc.getText("content");
  content.insert(content.length, text);
}

const text = () => doc.getText("content").toString();
const status = () => provider.status.get();

beforeEach(() => {
  environment = new FakeEnvironment();
  server = new FakeServer();
  doc = new Y.Doc();
});

afterEach(() => {
  provider.destroy();
  doc.destroy();
});

describe("opening", () => {
  test("the subprotocol is offered, and nothing but hello is said before the welcome", () => {
    open();
    environment.socket.open();
    expect(environment.socket.subprotocol).toBe("collab.json.v1");
    expect(environment.socket.sent).toEqual([{ type: "hello" }]);
    expect(status().state).toBe("connecting");
  });

  test("a token is said in the first frame", () => {
    open({ token: "t" });
    environment.socket.open();
    expect(environment.socket.sent).toEqual([{ type: "hello", token: "t" }]);
  });

  test("the welcome is answered with a sync that holds our state vector and the epoch", () => {
    open();
    environment.socket.welcome({ epoch: 7 });
    expect(environment.socket.take("sync")).toMatchObject([{ state_vector: "AA==", epoch: 7 }]);
  });

  test("an epoch that the copy remembers is sent instead of the server's", () => {
    const onEpoch = vi.fn();
    open({ epoch: 3, onEpoch });
    environment.socket.welcome({ epoch: 7 });
    expect(environment.socket.take("sync")).toMatchObject([{ epoch: 3 }]);
    expect(onEpoch).not.toHaveBeenCalled();
  });

  test("a new copy is told its epoch", () => {
    const onEpoch = vi.fn();
    open({ onEpoch });
    environment.socket.welcome({ epoch: 7 });
    expect(onEpoch).toHaveBeenCalledExactlyOnceWith(7);
  });

  test("the content is there and saved once the sync is answered, and nothing is sent back", async () => {
    server.edit("déjà vu 😀");
    await openSynced();
    expect(text()).toBe("déjà vu 😀");
    expect(status()).toMatchObject({ state: "saved", synced: true, role: "owner", canEdit: true });
    expect(environment.socket.take("update")).toEqual([]);
  });

  test("deletions that the server knows are not sent back", async () => {
    server.edit("abc");
    server.doc.getText("content").delete(1, 1);
    await openSynced();
    expect(environment.socket.take("update")).toEqual([]);
  });

  test("what is typed before the first answer waits for it and then goes as a whole", async () => {
    open();
    environment.socket.welcome();
    type("early");
    await endTurn();
    expect(environment.socket.take("update")).toEqual([]);
    server.answerSync(environment.socket);
    expect(status().state).toBe("saving");
    server.takeUpdates(environment.socket);
    expect(server.text).toBe("early");
    expect(status().state).toBe("saved");
  });
});

describe("saving", () => {
  test("a keystroke leaves at the end of its turn and is saved by its acknowledgement", async () => {
    await openSynced();
    type("a");
    expect(status()).toMatchObject({ state: "saving", unsavedChanges: 1 });
    await endTurn();
    expect(server.takeUpdates(environment.socket, { acknowledge: false })).toEqual([1]);
    expect(status().state).toBe("saving");
    environment.socket.receive({ type: "ack", cseq: 1, seq: 1 });
    expect(status()).toMatchObject({ state: "saved", unsavedChanges: 0 });
  });

  test("changes of one turn leave as one frame", async () => {
    await openSynced();
    type("a");
    type("b");
    await endTurn();
    expect(server.takeUpdates(environment.socket)).toEqual([1]);
    expect(server.text).toBe("ab");
  });

  test("what is typed while an update is on its way is gathered for 30 ms", async () => {
    await openSynced();
    type("a");
    await endTurn();
    for (const letter of "bcdef") {
      type(letter);
      await endTurn();
    }
    expect(environment.socket.take("update")).toHaveLength(1);
    environment.advance(30);
    expect(environment.socket.take("update")).toMatchObject([{ cseq: 2 }]);
    expect(status().unsavedChanges).toBe(6);
  });

  test("one acknowledgement may cover several updates", async () => {
    await openSynced();
    for (const letter of "abc") {
      type(letter);
      await endTurn();
      environment.advance(30);
    }
    server.takeUpdates(environment.socket, { acknowledge: false });
    environment.socket.receive({ type: "ack", from_cseq: 1, cseq: 2, seq: 1 });
    expect(status()).toMatchObject({ state: "saving", unsavedChanges: 1 });
    environment.socket.receive({ type: "ack", cseq: 3, seq: 2 });
    expect(status().state).toBe("saved");
  });

  test("a full socket is not filled further", async () => {
    await openSynced();
    type("a");
    await endTurn();
    environment.socket.take("update");
    environment.socket.bufferedAmount = 2_000_000;
    type("b");
    environment.advance(300);
    expect(environment.socket.take("update")).toEqual([]);
    environment.socket.bufferedAmount = 0;
    environment.advance(30);
    expect(environment.socket.take("update")).toHaveLength(1);
  });

  test("others' edits are applied and not sent back", async () => {
    await openSynced();
    environment.socket.receive(server.edit("hello"));
    await endTurn();
    expect(text()).toBe("hello");
    expect(status().state).toBe("saved");
    expect(environment.socket.take("update")).toEqual([]);
  });

  test("a storm of others' edits is applied once per frame, in order", async () => {
    await openSynced();
    const transactions = vi.fn();
    doc.on("afterTransaction", transactions);
    for (const letter of "abcdef") {
      environment.socket.receive(server.edit(letter));
    }
    expect(text()).toBe("a");
    environment.advance(16);
    expect(text()).toBe("abcdef");
    expect(transactions).toHaveBeenCalledTimes(2);
  });

  test("a server that acknowledges nothing for a minute is tried anew", async () => {
    await openSynced();
    type("a");
    await endTurn();
    for (let tick = 0; tick < 6; tick += 1) {
      environment.advance(10_000);
      environment.socket.receive({ type: "pong", id: 0 });
    }
    expect(status()).toMatchObject({ state: "offline", unsavedChanges: 1 });
  });
});

describe("healing", () => {
  test("an unasked sync is answered with what the server lacks, which covers all before", async () => {
    await openSynced();
    type("a");
    await endTurn();
    environment.socket.take("update"); // set aside by the server, never acknowledged
    server.answerSync(environment.socket);
    expect(server.takeUpdates(environment.socket)).toEqual([2]);
    expect(server.text).toBe("a");
    expect(status()).toMatchObject({ state: "saved", unsavedChanges: 0 });
  });

  test("a server that has our changes is still asked whether they are committed", async () => {
    await openSynced();
    type("a");
    await endTurn();
    server.takeUpdates(environment.socket, { acknowledge: false });
    environment.socket.end(1006);
    environment.advance(1000);
    environment.socket.welcome();
    server.answerSync(environment.socket);
    expect(status()).toMatchObject({ state: "saving", unsavedChanges: 1 });
    expect(environment.socket.take("update")).toEqual([
      { type: "update", cseq: 1, update: "AAA=" },
    ]);
    environment.socket.receive({ type: "ack", cseq: 1, seq: 1 });
    expect(status().state).toBe("saved");
  });

  test("what a crashed server lost is sent by whoever saw it and may edit", async () => {
    await openSynced();
    environment.socket.receive(server.edit("seen"));
    environment.socket.end(1006);
    const rebuilt = new FakeServer();
    environment.advance(1000);
    environment.socket.welcome();
    rebuilt.answerSync(environment.socket);
    expect(status()).toMatchObject({ state: "saving", unsavedChanges: 0 });
    rebuilt.takeUpdates(environment.socket);
    expect(rebuilt.text).toBe("seen");
    expect(status().state).toBe("saved");
  });

  test("a viewer whose copy holds what the server lost is told to load anew, and sends nothing", async () => {
    const onStale = vi.fn();
    await openSynced({ onStale }, { role: "viewer" });
    environment.socket.receive(server.edit("seen"));
    environment.socket.end(1006);
    environment.advance(1000);
    environment.socket.welcome({ role: "viewer" });
    new FakeServer().answerSync(environment.socket);
    expect(onStale).toHaveBeenCalledOnce();
    expect(environment.socket.take("update")).toEqual([]);
  });

  test("deletions made offline reach the server although no state vector shows them", async () => {
    server.edit("abc");
    await openSynced();
    environment.socket.end(1006);
    doc.getText("content").delete(0, 1);
    environment.advance(1000);
    environment.socket.welcome();
    server.answerSync(environment.socket);
    server.takeUpdates(environment.socket);
    expect(server.text).toBe("bc");
  });
});

describe("offline", () => {
  test("a lost connection is said, with the number of changes that wait", async () => {
    await openSynced();
    environment.socket.end(1006);
    type("a");
    type("b");
    expect(status()).toMatchObject({ state: "offline", unsavedChanges: 2, canEdit: true });
  });

  test("changes made offline are sent when the connection is back", async () => {
    await openSynced();
    environment.socket.end(1012);
    type("offline ");
    environment.socket.receive(server.edit("ignored, for the socket is gone"));
    environment.advance(1000);
    environment.socket.welcome();
    server.answerSync(environment.socket);
    expect(server.takeUpdates(environment.socket)).toEqual([1]);
    expect(server.text).toContain("offline ");
    expect(text()).toBe(server.text);
    expect(status()).toMatchObject({ state: "saved", unsavedChanges: 0 });
  });

  test("changes of an earlier page count as unsaved until they are acknowledged", async () => {
    type("from before");
    open({ unsavedChanges: 3 });
    expect(status().unsavedChanges).toBe(3);
    environment.socket.welcome();
    server.answerSync(environment.socket);
    expect(status()).toMatchObject({ state: "saving", unsavedChanges: 3 });
    server.takeUpdates(environment.socket);
    expect(status()).toMatchObject({ state: "saved", unsavedChanges: 0 });
  });

  /** Ends the socket, and says how long it took until the next was tried. */
  function waitForNext(code: number): number {
    const sockets = environment.sockets.length;
    environment.socket.end(code);
    let waited = 0;
    while (environment.sockets.length === sockets) {
      environment.advance(100);
      waited += 100;
    }
    return waited;
  }

  test("attempts back off up to half a minute", () => {
    open();
    const waits = Array.from({ length: 9 }, () => waitForNext(1006));
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test("the jitter is full: a lucky client tries at once", () => {
    environment.chance = 0;
    open();
    environment.socket.end(1013);
    environment.advance(0);
    expect(environment.sockets).toHaveLength(2);
  });

  test("a welcome alone does not end the backing off, a sync does", () => {
    open();
    const waits = Array.from({ length: 4 }, () => {
      environment.socket.welcome();
      return waitForNext(1013);
    });
    expect(waits).toEqual([500, 1000, 2000, 4000]);
    environment.socket.welcome();
    server.answerSync(environment.socket);
    expect(waitForNext(1013)).toBe(500);
  });

  test.each(["online", "visible"] as const)("it tries at once when the page is %s", (sign) => {
    open();
    environment.socket.end(1006);
    environment.signal(sign);
    expect(environment.sockets).toHaveLength(2);
  });

  test("it says offline at once when the browser does", async () => {
    await openSynced();
    environment.signal("offline");
    expect(status().state).toBe("offline");
  });

  test("a socket on which nothing comes is asked, and given up when it does not answer", async () => {
    await openSynced();
    environment.advance(30_000);
    expect(environment.socket.take("ping")).toHaveLength(1);
    environment.advance(10_000);
    expect(environment.sockets[0]?.closedWith).toBe(1000);
    expect(status().state).toBe("offline");
  });

  test("a pong, or any other frame, keeps the socket", async () => {
    await openSynced();
    environment.advance(30_000);
    environment.socket.receive({ type: "pong", id: 1 });
    environment.advance(29_000);
    expect(environment.sockets).toHaveLength(1);
    expect(status().state).toBe("saved");
  });

  test("a socket that is never welcomed is given up", () => {
    open();
    environment.socket.open();
    environment.advance(15_000);
    expect(status().state).toBe("offline");
  });

  test("a frame that cannot be read leads to a fresh start", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    await openSynced();
    environment.socket.receive({ type: "ack", cseq: "one" });
    expect(status().state).toBe("offline");
    environment.advance(500);
    expect(environment.sockets).toHaveLength(2);
  });
});

describe("refusal", () => {
  test.each([
    [4401, "signed_out"],
    [4403, "removed"],
    [4404, "missing"],
    [4409, "replaced"],
    [4413, "too_large"],
    [4400, "protocol"],
    [4499, "protocol"],
  ] as const)("close code %i is final: %s", async (code, reason) => {
    await openSynced();
    environment.socket.end(code, "because");
    expect(status()).toMatchObject({
      state: "refused",
      canEdit: false,
      refusal: { reason, code, detail: "because" },
    });
    environment.advance(120_000);
    environment.signal("online");
    expect(environment.sockets).toHaveLength(1);
  });

  test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 4000])(
    "close code %i is tried again",
    async (code) => {
      await openSynced();
      environment.socket.end(code);
      environment.advance(1000);
      expect(environment.sockets).toHaveLength(2);
    },
  );

  test("changes that were not acknowledged stay counted after a refusal", async () => {
    await openSynced();
    type("a");
    await endTurn();
    environment.socket.end(4404);
    expect(status()).toMatchObject({ state: "refused", unsavedChanges: 1 });
  });

  test.each(["conflict", "bad_update", "forbidden", "too_large"])(
    "an update refused as %s is said, and nothing more is sent from this copy",
    async (code) => {
      await openSynced();
      type("a");
      await endTurn();
      environment.socket.take("update");
      environment.socket.receive({ type: "error", cseq: 1, code, detail: "no" });
      expect(status()).toMatchObject({
        state: "refused",
        canEdit: false,
        unsavedChanges: 1,
        problem: { code, detail: "no" },
      });
      type("b");
      await endTurn();
      environment.advance(1000);
      server.answerSync(environment.socket);
      expect(environment.socket.take("update")).toEqual([]);
    },
  );

  test("when only relayed content is refused the copy is stale, and nobody's work is lost", async () => {
    const onStale = vi.fn();
    await openSynced({ onStale });
    environment.socket.receive(server.edit("theirs"));
    environment.socket.end(1006);
    environment.advance(1000);
    environment.socket.welcome();
    new FakeServer().answerSync(environment.socket);
    environment.socket.receive({ type: "error", cseq: 1, code: "conflict", detail: "not yours" });
    expect(onStale).toHaveBeenCalledOnce();
    expect(status().problem).toBeNull();
  });

  test("an update that came too fast is sent again when the server says", async () => {
    await openSynced();
    type("a");
    await endTurn();
    environment.socket.take("update");
    environment.socket.receive({ type: "error", cseq: 1, code: "rate_limited", retry_ms: 2000 });
    type("b");
    environment.advance(1999);
    expect(environment.socket.take("update")).toEqual([]);
    environment.advance(1);
    server.answerSync(environment.socket);
    server.takeUpdates(environment.socket);
    expect(server.text).toBe("ab");
    expect(status().state).toBe("saved");
  });
});

describe("roles", () => {
  test("a viewer may not edit and sends nothing", async () => {
    await openSynced({}, { role: "viewer" });
    expect(status()).toMatchObject({ state: "saved", role: "viewer", canEdit: false });
    type("x");
    await endTurn();
    environment.advance(100);
    expect(environment.socket.take("update")).toEqual([]);
  });

  test("a change of role is told at once", async () => {
    await openSynced({}, { role: "editor" });
    environment.socket.receive({ type: "role", role: "viewer" });
    expect(status()).toMatchObject({ role: "viewer", canEdit: false });
    environment.socket.receive({ type: "role", role: "editor" });
    expect(status()).toMatchObject({ role: "editor", canEdit: true });
  });

  test("edits that a demotion overtook are said to be unsaved, and saved after a promotion", async () => {
    await openSynced({}, { role: "editor" });
    type("a");
    await endTurn();
    environment.socket.take("update");
    environment.socket.receive({ type: "role", role: "viewer" });
    environment.socket.receive({ type: "error", cseq: 1, code: "read_only", detail: "viewers" });
    server.answerSync(environment.socket);
    expect(status()).toMatchObject({ state: "refused", problem: { code: "read_only" } });
    expect(environment.socket.take("update")).toEqual([]);
    environment.socket.receive({ type: "role", role: "editor" });
    server.answerSync(environment.socket);
    server.takeUpdates(environment.socket);
    expect(server.text).toBe("a");
    expect(status()).toMatchObject({ state: "saved", problem: null, unsavedChanges: 0 });
  });

  test("who returns as a viewer with unsaved edits is told so", async () => {
    await openSynced({}, { role: "editor" });
    environment.socket.end(1006);
    type("mine");
    environment.advance(1000);
    environment.socket.welcome({ role: "viewer" });
    server.answerSync(environment.socket);
    expect(status()).toMatchObject({ problem: { code: "read_only" }, unsavedChanges: 1 });
  });
});

describe("large updates", () => {
  const small = { limits: { max_frame_bytes: 1000 } };

  test("an update above the frame limit goes over the upload, and the end of it is saved", async () => {
    const upload = vi.fn(async (update: Uint8Array) => Y.applyUpdate(server.doc, update));
    await openSynced({ upload }, small);
    type("x".repeat(2000));
    await endTurn();
    type("y");
    environment.advance(100);
    expect(environment.socket.take("update")).toEqual([]);
    expect(status().state).toBe("saving");
    await endTurn();
    server.answerSync(environment.socket);
    server.takeUpdates(environment.socket);
    expect(upload).toHaveBeenCalledOnce();
    expect(server.text).toBe(`${"x".repeat(2000)}y`);
    expect(status()).toMatchObject({ state: "saved", unsavedChanges: 0 });
  });

  test("an upload that the network swallowed is tried again", async () => {
    const upload = vi
      .fn(async (update: Uint8Array) => Y.applyUpdate(server.doc, update))
      .mockRejectedValueOnce(new TypeError("failed to fetch"));
    await openSynced({ upload }, small);
    type("x".repeat(2000));
    await endTurn();
    await endTurn();
    environment.advance(5000);
    server.answerSync(environment.socket);
    await endTurn();
    expect(upload).toHaveBeenCalledTimes(2);
    expect(server.text).toHaveLength(2000);
  });

  test("an upload that is refused is said", async () => {
    const upload = vi.fn().mockRejectedValue(new UploadError("too_large", "above 64 MiB", true));
    await openSynced({ upload }, small);
    type("x".repeat(2000));
    await endTurn();
    await endTurn();
    expect(status()).toMatchObject({ state: "refused", problem: { detail: "above 64 MiB" } });
  });
});

describe("people", () => {
  const entry = (connection: string, username: string) => ({
    connection,
    user: { username, name: username },
    role: "editor",
    since: "2026-01-01T00:00:00Z",
  });
  const here = () => provider.presence.get().map((person) => person.user?.username);

  test("the roster follows who joins and leaves, and is empty offline", async () => {
    await openSynced();
    environment.socket.receive({
      type: "presence",
      full: [entry("1", "alice"), entry("2", "bob")],
    });
    environment.socket.receive({ type: "presence", joined: entry("3", "vera") });
    environment.socket.receive({ type: "presence", left: "2" });
    expect(here()).toEqual(["alice", "vera"]);
    environment.socket.end(1006);
    expect(here()).toEqual([]);
  });

  test("our cursor is announced on every connection, each time at a later clock", async () => {
    await openSynced();
    provider.awareness.setLocalStateField("cursor", 1);
    environment.advance(50);
    const first = environment.socket.take("awareness").at(-1);
    environment.socket.end(1006);
    environment.advance(1000);
    environment.socket.welcome();
    const [again] = environment.socket.take("awareness");
    const clock = (frame: unknown) =>
      (frame as { states: { clock: number; state: unknown }[] }).states[0];
    expect(clock(again)?.state).toEqual({ cursor: 1 });
    expect(clock(again)?.clock).toBeGreaterThan(clock(first)?.clock ?? 0);
  });

  test("cursor moves are told at most every 50 ms, the last one always", async () => {
    await openSynced();
    environment.advance(50);
    environment.socket.take("awareness");
    for (let position = 0; position < 100; position += 1) {
      provider.awareness.setLocalStateField("cursor", position);
      environment.advance(1);
    }
    environment.advance(50);
    const frames = environment.socket.take("awareness");
    expect(frames.length).toBeLessThanOrEqual(4);
    expect(frames.at(-1)).toMatchObject({ states: [{ state: { cursor: 99 } }] });
  });

  test("a cursor that is set anew where it was is told again only after five seconds", async () => {
    await openSynced();
    provider.awareness.setLocalStateField("cursor", 1);
    environment.advance(50);
    environment.socket.take("awareness");
    for (let tick = 0; tick < 49; tick += 1) {
      provider.awareness.setLocalStateField("cursor", 1);
      environment.advance(100);
    }
    expect(environment.socket.take("awareness")).toEqual([]);
    environment.advance(100);
    provider.awareness.setLocalStateField("cursor", 1);
    expect(environment.socket.take("awareness")).toHaveLength(1);
  });

  test("others' cursors go with the connection, and come back at the clock they had", async () => {
    await openSynced();
    const theirs = { type: "awareness", states: [{ client: 5, clock: 9, state: { cursor: 3 } }] };
    environment.socket.receive(theirs);
    expect(provider.awareness.getStates().get(5)).toEqual({ cursor: 3 });
    environment.socket.end(1006);
    expect(provider.awareness.getStates().has(5)).toBe(false);
    environment.advance(1000);
    environment.socket.welcome();
    environment.socket.receive(theirs);
    expect(provider.awareness.getStates().get(5)).toEqual({ cursor: 3 });
  });

  test("who leaves is gone, and a late older state does not bring them back", async () => {
    await openSynced();
    const say = (clock: number, state: object | null) => {
      environment.socket.receive({ type: "awareness", states: [{ client: 5, clock, state }] });
      environment.advance(50);
    };
    say(1, { cursor: 1 });
    say(1, null);
    expect(provider.awareness.getStates().has(5)).toBe(false);
    say(1, { cursor: 1 });
    expect(provider.awareness.getStates().has(5)).toBe(false);
  });
});

describe("leaving", () => {
  test("what is typed is sent, the cursor is taken away and the socket closed", async () => {
    await openSynced();
    type("last words");
    const { socket } = environment;
    provider.destroy();
    expect(socket.take("update")).toHaveLength(1);
    expect(socket.take("awareness").at(-1)).toMatchObject({ states: [{ state: null }] });
    expect(socket.closedWith).toBe(1000);
    expect(environment.timerCount).toBe(0);
  });
});

test("the frame of an update names no document content twice", async () => {
  await openSynced();
  type("a");
  await endTurn();
  const [frame] = environment.socket.take("update");
  expect(Object.keys(frame ?? {})).toEqual(["type", "cseq", "update"]);
  expect(frame?.update).toBe(encode(Y.encodeStateAsUpdate(doc)));
});
