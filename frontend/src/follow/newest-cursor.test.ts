import { afterEach, beforeEach, expect, test } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { newestCursorOf } from "./newest-cursor";

const made: Awareness[] = [];
let ours: Awareness;

beforeEach(() => {
  ours = join();
});

afterEach(() => {
  for (const awareness of made.splice(0)) {
    awareness.destroy();
  }
});

function join(): Awareness {
  const awareness = new Awareness(new Y.Doc());
  made.push(awareness);
  return awareness;
}

/** Somebody moves, and we hear of it at some time. */
function move(theirs: Awareness, user: object, clock: number, at: number): void {
  const position = { item: { client: 1, clock } };
  theirs.setLocalState({ user, cursor: { anchor: position, head: position } });
  applyAwarenessUpdate(ours, encodeAwarenessUpdate(theirs, [theirs.clientID]), "test");
  const meta = ours.meta.get(theirs.clientID);
  if (meta !== undefined) {
    meta.lastUpdated = at;
  }
}

const bob = { username: "bob", name: "Bob é😀" };

test("of somebody with two tabs it is the cursor that moved last", () => {
  const [first, second] = [join(), join()];
  move(first, bob, 1, 10);
  move(second, bob, 2, 20);
  expect(newestCursorOf(ours, bob)?.client).toBe(second.clientID);
  move(first, bob, 3, 30);
  expect(newestCursorOf(ours, bob)?.client).toBe(first.clientID);
});

test("a move is another place", () => {
  const theirs = join();
  move(theirs, bob, 1, 10);
  const before = newestCursorOf(ours, bob)?.place;
  move(theirs, bob, 2, 20);
  expect(newestCursorOf(ours, bob)?.place).not.toBe(before);
});

test("nobody is followed under another's name, and nobody without a cursor", () => {
  const theirs = join();
  move(theirs, { username: "vera", name: bob.name }, 1, 10);
  expect(newestCursorOf(ours, bob)).toBeNull();
  theirs.setLocalState({ user: bob });
  applyAwarenessUpdate(ours, encodeAwarenessUpdate(theirs, [theirs.clientID]), "test");
  expect(newestCursorOf(ours, bob)).toBeNull();
});
