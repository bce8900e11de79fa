// @vitest-environment happy-dom
import { Editor } from "@tiptap/core";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { RelativeRange } from "../../api/types";
import { CommentLayer } from "../comment-layer";
import { createCommentMarks } from "./comment-marks";
import { createGuardedCollaboration } from "./guarded-collaboration";
import { schemaExtensions } from "./schema";

let doc: Y.Doc;
let other: Y.Doc;
let awareness: Awareness;
let layer: CommentLayer;
let editor: Editor;

beforeEach(() => {
  vi.useFakeTimers();
  doc = new Y.Doc();
  other = new Y.Doc();
  other.on("update", (update) => Y.applyUpdate(doc, update, "remote"));
  doc.on("update", (update, origin) => origin === "remote" || Y.applyUpdate(other, update, "back"));
  awareness = new Awareness(doc);
  layer = new CommentLayer();
  editor = new Editor({
    element: document.body.appendChild(document.createElement("main")),
    extensions: [
      ...schemaExtensions,
      createGuardedCollaboration(doc.getXmlFragment("default"), {
        isOpen: () => true,
        subscribe: () => () => undefined,
      }),
      createCommentMarks(layer, awareness),
    ],
  });
  editor.commands.insertContent("<p>déjà vu 😀 again</p><p>second</p>");
});

afterEach(() => {
  editor.destroy();
  awareness.destroy();
  document.body.replaceChildren();
  vi.useRealTimers();
});

function select(from: number, to: number): RelativeRange {
  editor.commands.setTextSelection({ from, to });
  const selected = layer.host?.readSelection();
  if (!selected) {
    throw new Error("nothing is selected");
  }
  // It travels as JSON.
  return JSON.parse(JSON.stringify(selected.range)) as RelativeRange;
}

function mark(range: RelativeRange): void {
  layer.marks.set([{ key: "thread-1", range }]);
  vi.advanceTimersByTime(500);
}

/** The words that are highlighted, piece by piece. */
function marked(): string[] {
  vi.advanceTimersByTime(500);
  return [...editor.view.dom.querySelectorAll("[data-comment]")].map(
    (element) => element.textContent ?? "",
  );
}

const theirText = () =>
  (other.getXmlFragment("default").get(0) as Y.XmlElement).get(0) as Y.XmlText;

test("what is selected can be kept, and is highlighted from then on", () => {
  const range = select(6, 11);
  expect(layer.host?.readSelection()?.quote).toBe("vu 😀");
  mark(range);
  expect(marked()).toEqual(["vu 😀"]);
  expect(layer.tops.get()?.has("thread-1")).toBe(true);
});

test("a passage can begin and end where the document does", () => {
  mark(select(1, 5));
  expect(marked()).toEqual(["déjà"]);
  mark(select(19, editor.state.doc.content.size - 1));
  expect(marked()).toEqual(["second"]);
});

test("a highlight goes along with its text, whoever types before it", () => {
  mark(select(6, 11));
  theirText().insert(0, "é😀 ");
  expect(marked()).toEqual(["vu 😀"]);
  editor.commands.insertContentAt(1, "mine ");
  expect(marked()).toEqual(["vu 😀"]);
});

test("what is typed beside a highlight is not part of it, what is typed inside is", () => {
  mark(select(6, 11));
  editor.commands.insertContentAt(11, "!!");
  editor.commands.insertContentAt(6, "??");
  expect(marked()).toEqual(["vu 😀"]);
  editor.commands.insertContentAt(10, "-");
  expect(marked().join("")).toBe("vu- 😀");
});

test("a highlight spans blocks and formats", () => {
  const range = select(6, 22);
  editor.chain().setTextSelection({ from: 6, to: 8 }).toggleBold().run();
  mark(range);
  expect(marked().join("|")).toBe("vu| 😀 again|sec");
});

test("text that is removed has no place, and the document nothing of the comment", () => {
  mark(select(6, 11));
  editor.commands.deleteRange({ from: 6, to: 11 });
  expect(marked()).toEqual([]);
  expect(layer.tops.get()?.size).toBe(0);
  expect(JSON.stringify(editor.getJSON())).not.toContain("comment");
});

test("the active highlight stands out", () => {
  mark(select(6, 11));
  layer.active.set("thread-1");
  vi.advanceTimersByTime(10);
  expect(editor.view.dom.querySelector(".comment-mark--active")?.textContent).toBe("vu 😀");
});

test("a position that makes no sense highlights nothing and stops nobody", () => {
  const nowhere = { item: { client: 99, clock: 7 } };
  mark({ start: nowhere, end: nowhere });
  expect(marked()).toEqual([]);
  editor.commands.insertContent("still here");
  expect(editor.getText()).toContain("still here");
});

test("a selection of nothing but space is no passage", () => {
  editor.commands.setTextSelection({ from: 5, to: 6 });
  expect(layer.host?.readSelection()).toBeNull();
});
