import { expect, test } from "vitest";
import * as Y from "yjs";
import { hasDrawableCursor } from "./shared-cursor";

const doc = new Y.Doc();
const text = doc.getText("content");
text.insert(0, "déjà 😀");
const at = (index: number) =>
  Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));

test.each([0, 3, text.length])("a position at %i is drawn", (index) => {
  const cursor = { anchor: at(index), head: at(0) };
  expect(hasDrawableCursor({ user: { name: "Bob" }, cursor })).toBe(true);
  expect(hasDrawableCursor(JSON.parse(JSON.stringify({ cursor })))).toBe(true);
});

test.each([
  null,
  5,
  {},
  { cursor: null },
  { cursor: [] },
  { cursor: { anchor: at(0) } },
  { cursor: { anchor: at(0), head: null } },
  { cursor: { anchor: at(0), head: {} } },
  { cursor: { anchor: at(0), head: { tname: 7 } } },
  { cursor: { anchor: at(0), head: { item: { client: -1, clock: 0 } } } },
  { cursor: { anchor: at(0), head: { item: { client: 1, clock: 0.5 } } } },
  { cursor: { anchor: at(0), head: { type: "x" } } },
  { user: 5, cursor: { anchor: at(0), head: at(0) } },
])("%j is not", (state) => {
  expect(hasDrawableCursor(state)).toBe(false);
});
