// @vitest-environment happy-dom
import { Editor } from "@tiptap/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as Y from "yjs";
import type { EarlyWatch } from "../early-watch";
import { createCarriers } from "./carry";
import { covers, type Fit } from "./fit";
import { createGuardedCollaboration } from "./guarded-collaboration";
import { schemaExtensions } from "./schema";
import { watchFit } from "./watch-fit";

let doc: Y.Doc;
let fragment: Y.XmlFragment;
let watch: EarlyWatch<Fit>;
let editor: Editor;
/** Somebody at another editor, who has the same document. */
let other: Y.Doc;

beforeEach(() => {
  doc = new Y.Doc();
  other = new Y.Doc();
  fragment = doc.getXmlFragment("default");
  other.on("update", (update) => Y.applyUpdate(doc, update, "remote"));
  doc.on("update", (update, origin) => origin === "remote" || Y.applyUpdate(other, update, "back"));
});

afterEach(() => {
  editor.destroy();
});

function mount(): void {
  watch = watchFit(doc, "default");
  const fit = watch.get();
  const carried = fit.isForeign ? new Map() : fit.carried;
  const isOpen = () => {
    const now = watch.get();
    return !now.isForeign && covers(carried, now.carried);
  };
  editor = new Editor({
    element: document.createElement("div"),
    extensions: [
      ...schemaExtensions,
      ...createCarriers(carried),
      createGuardedCollaboration(fragment, { isOpen, subscribe: watch.subscribe }),
    ],
  });
}

function write(...blocks: [name: string, text: string, attributes?: object][]): void {
  const theirs = other.getXmlFragment("default");
  other.transact(() => {
    for (const [name, text, attributes] of blocks) {
      const made = new Y.XmlElement(name);
      theirs.push([made]);
      const words = new Y.XmlText();
      made.insert(0, [words]);
      words.insert(0, text, attributes ?? {});
    }
  });
}

const typeAtEnd = (text: string) =>
  editor.commands.insertContentAt(editor.state.doc.content.size - 1, text);
const shared = () => Y.encodeStateAsUpdate(doc);

test("what both know, both write", () => {
  write(["paragraph", "é"]);
  mount();
  typeAtEnd("😀");
  expect(other.getXmlFragment("default").toString()).toBe("<paragraph>é😀</paragraph>");
  write(["paragraph", "more"]);
  expect(editor.getText()).toBe("é😀\n\nmore");
});

test("an editor that is opened on a foreign document changes nothing of it", () => {
  write(["paragraph", "é"], ["callout", "theirs"]);
  const before = shared();
  mount();
  typeAtEnd("ours");
  expect(shared()).toEqual(before);
});

test("an editor that is open when something foreign comes writes no more", () => {
  write(["paragraph", "é"]);
  mount();
  typeAtEnd("😀");
  write(["callout", "theirs"]);
  const before = shared();
  typeAtEnd("ours");
  editor.commands.setContent("<p>nothing</p>");
  write(["paragraph", "later"]);
  expect(shared()).not.toEqual(before);
  expect(fragment.toString()).toBe(
    "<paragraph>é😀</paragraph><callout>theirs</callout><paragraph>later</paragraph>",
  );
  expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(other));
});

test("something foreign in the middle of what is edited is kept too", () => {
  write(["paragraph", "ask "]);
  mount();
  const theirs = other.getXmlFragment("default").get(0) as Y.XmlElement;
  theirs.push([new Y.XmlElement("mention")]);
  typeAtEnd("ours");
  expect(fragment.toString()).toBe("<paragraph>ask <mention></mention></paragraph>");
});

test("when the foreign parts are gone, an editor can be opened again", () => {
  write(["paragraph", "é"], ["callout", "theirs"]);
  mount();
  editor.destroy();
  const stop = watch.subscribe(() => undefined);
  other.getXmlFragment("default").delete(1, 1);
  expect(watch.get().isForeign).toBe(false);
  stop();
  mount();
  typeAtEnd("😀");
  expect(fragment.toString()).toBe("<paragraph>é😀</paragraph>");
});

test("marks that are not ours survive what is typed in and beside them", () => {
  const comment = { comment: { id: "7", resolved: null } };
  write(["paragraph", "theirs", comment]);
  mount();
  typeAtEnd(" ours");
  editor.commands.insertContentAt(3, "XY");
  editor.commands.insertContentAt(1, "before ");
  const text = (fragment.get(0) as Y.XmlElement).get(0) as Y.XmlText;
  expect(text.toDelta()).toEqual([
    { insert: "before " },
    { insert: "thXYeirs", attributes: comment },
    { insert: " ours" },
  ]);
});

test("marks of which several lie over one another keep their keys", () => {
  const tags = {
    "tag--x8XdcTFX": { id: "1" },
    "tag--R3wAw5wJ": { id: "2" },
  };
  write(["paragraph", "theirs", tags]);
  mount();
  typeAtEnd(" ours");
  const text = (fragment.get(0) as Y.XmlElement).get(0) as Y.XmlText;
  const [first] = text.toDelta() as { attributes: object }[];
  expect(Object.values(first?.attributes ?? {})).toEqual(
    expect.arrayContaining(Object.values(tags)),
  );
  expect(Object.keys(first?.attributes ?? {})).toHaveLength(2);
});

test("attributes that are not ours survive, and a new line has none of them", () => {
  write(["paragraph", "theirs"]);
  (other.getXmlFragment("default").get(0) as Y.XmlElement).setAttribute("id", "p7");
  mount();
  typeAtEnd(" ours");
  editor.commands.setTextSelection(editor.state.doc.content.size - 1);
  editor.commands.splitBlock();
  expect(fragment.toString()).toBe(
    '<paragraph id="p7">theirs ours</paragraph><paragraph></paragraph>',
  );
});

test("a mark that is new to an open editor is not taken out by it", () => {
  write(["paragraph", "theirs"]);
  mount();
  const theirs = (other.getXmlFragment("default").get(0) as Y.XmlElement).get(0) as Y.XmlText;
  theirs.format(0, 3, { comment: { id: "7" } });
  typeAtEnd("ours");
  expect(fragment.toString()).toContain('<comment id="7">the</comment>irs');
  editor.destroy();
  mount();
  typeAtEnd(" ours");
  expect(fragment.toString()).toContain('<comment id="7">the</comment>irs ours');
});

test("an empty list that two people left together is cleaned up", () => {
  write(["paragraph", "é"]);
  mount();
  other.getXmlFragment("default").push([new Y.XmlElement("bulletList")]);
  expect(fragment.toString()).toBe("<paragraph>é</paragraph>");
  expect(watch.get()).toMatchObject({ isForeign: false, needsCleaning: false });
});
