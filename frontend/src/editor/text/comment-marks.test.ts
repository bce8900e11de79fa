// @vitest-environment happy-dom
import { EditorView } from "@codemirror/view";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { RelativeRange } from "../../api/types";
import { CommentLayer } from "../comment-layer";
import { createCommentMarks } from "./comment-marks";
import { createExtensions } from "./setup";

let text: Y.Text;
let awareness: Awareness;
let layer: CommentLayer;
let view: EditorView;

beforeEach(() => {
  vi.useFakeTimers();
  const doc = new Y.Doc();
  text = doc.getText("content");
  text.insert(0, "déjà vu 😀\nsecond line");
  awareness = new Awareness(doc);
  layer = new CommentLayer();
  view = new EditorView({
    doc: text.toString(),
    extensions: [
      createExtensions(text, awareness, "notes"),
      createCommentMarks(text, awareness, layer),
    ],
    parent: document.body.appendChild(document.createElement("main")),
  });
});

afterEach(() => {
  view.destroy();
  awareness.destroy();
  document.body.replaceChildren();
  vi.useRealTimers();
});

function select(anchor: number, head: number): RelativeRange {
  view.dispatch({ selection: { anchor, head } });
  const selected = layer.host?.readSelection();
  if (!selected) {
    throw new Error("nothing is selected");
  }
  return JSON.parse(JSON.stringify(selected.range)) as RelativeRange;
}

function mark(range: RelativeRange): void {
  layer.marks.set([{ key: "thread-1", range }]);
  vi.advanceTimersByTime(500);
}

function marked(): string {
  vi.advanceTimersByTime(500);
  return [...view.dom.querySelectorAll("[data-comment]")]
    .map((element) => element.textContent ?? "")
    .join("|");
}

test("what is selected, in either direction, is highlighted", () => {
  mark(select(10, 5));
  expect(layer.host?.readSelection()?.quote).toBe("vu 😀");
  expect(marked()).toBe("vu 😀");
  expect(layer.tops.get()?.has("thread-1")).toBe(true);
});

test("a highlight goes along with its text, and takes nothing in from beside it", () => {
  mark(select(5, 10));
  text.insert(10, "!!");
  text.insert(0, "é😀 ");
  text.insert(9, "??");
  expect(marked()).toBe("vu 😀");
});

test("text that is removed has no place", () => {
  mark(select(5, 10));
  text.delete(5, 5);
  expect(marked()).toBe("");
  expect(layer.tops.get()?.size).toBe(0);
});

test("the active highlight stands out", () => {
  mark(select(5, 10));
  layer.active.set("thread-1");
  vi.advanceTimersByTime(10);
  expect(view.dom.querySelector(".comment-mark--active")?.textContent).toBe("vu 😀");
});

test("a position in another text highlights nothing", () => {
  const elsewhere = { tname: "elsewhere" };
  mark({ start: elsewhere, end: elsewhere });
  expect(marked()).toBe("");
});
