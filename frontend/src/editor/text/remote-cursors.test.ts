// @vitest-environment happy-dom
import { EditorView } from "@codemirror/view";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { createExtensions } from "./setup";

let doc: Y.Doc;
let text: Y.Text;
let awareness: Awareness;
let view: EditorView;
let other: Awareness;

beforeEach(() => {
  doc = new Y.Doc();
  text = doc.getText("content");
  text.insert(0, "déjà vu 😀\r\nsecond line");
  awareness = new Awareness(doc);
  other = new Awareness(new Y.Doc());
  view = new EditorView({
    doc: text.toString(),
    extensions: createExtensions(text, awareness, "notes"),
    parent: document.body,
  });
});

afterEach(() => {
  view.destroy();
  awareness.destroy();
  other.destroy();
});

function place(
  anchor: number,
  head: number,
  user: object = { username: "bob", name: "Bob" },
): void {
  const at = (index: number) =>
    Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(text, index));
  other.setLocalState({ user, cursor: { anchor: at(anchor), head: at(head) } });
  applyAwarenessUpdate(awareness, encodeAwarenessUpdate(other, [other.clientID]), "test");
}

const labels = () =>
  [...view.dom.querySelectorAll(".collaboration-carets__label")].map((label) => label.textContent);

test("a carriage return of the shared text does not shift positions", () => {
  expect(view.state.doc.length).toBe(text.length);
  view.dispatch({ changes: { from: view.state.doc.length, insert: "!" } });
  expect(text.toString()).toBe("déjà vu 😀\r\nsecond line!");
});

test("others' carets are drawn with their names, and go when they leave", () => {
  place(3, 3);
  expect(labels()).toEqual(["Bob"]);
  other.setLocalState(null);
  applyAwarenessUpdate(awareness, encodeAwarenessUpdate(other, [other.clientID]), "test");
  expect(labels()).toEqual([]);
});

test("a selection is shown as one", () => {
  place(0, 4);
  expect(view.dom.querySelector(".cm-remote-selection")?.textContent).toBe("déjà");
});

test("a caret moves with the text before it", () => {
  place(4, 4);
  text.insert(0, ">> ");
  const caret = view.dom.querySelector(".collaboration-carets__caret");
  expect(caret && view.posAtDOM(caret)).toBe(">> déjà".length);
});

test("a cursor that makes no sense is not drawn, and harms nobody", () => {
  for (const cursor of [1, "x", {}, { anchor: null, head: 7 }, { anchor: {}, head: {} }]) {
    other.setLocalState({ user: {}, cursor });
    applyAwarenessUpdate(awareness, encodeAwarenessUpdate(other, [other.clientID]), "test");
  }
  expect(labels()).toEqual([]);
  place(1, 1);
  expect(labels()).toEqual(["Bob"]);
});

test("who says no name is a guest", () => {
  place(1, 1, { name: 7 });
  expect(labels()).toEqual(["Guest"]);
});

test.each([
  ["in the text", 3],
  ["at its end", "déjà vu 😀\r\nsecond line".length],
])("our cursor %s can be read by stock editors", (_where, index) => {
  // A page without a window has no focus.
  Object.defineProperty(view, "hasFocus", { get: () => true });
  view.dispatch({ selection: { anchor: 0, head: index } });
  const { cursor } = JSON.parse(JSON.stringify(awareness.getLocalState()));
  for (const [position, expected] of [
    [cursor.anchor, 0],
    [cursor.head, index],
  ]) {
    // Every field is there: y-codemirror.next hands the JSON to Yjs as it came.
    expect(Object.keys(position).sort()).toEqual(["assoc", "item", "tname", "type"]);
    expect(Y.createAbsolutePositionFromRelativePosition(position, doc)?.index).toBe(expected);
  }
});
