import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { getSchema } from "@tiptap/core";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { covers, type Fit, inspect, inspectWords, mergeFits } from "./fit";
import { schemaExtensions } from "./schema";

interface Vector {
  name: string;
  /** A Yjs update, in base64. */
  update: string;
  json?: unknown;
}

const schema = getSchema(schemaExtensions);
const readVectors = (name: string) =>
  JSON.parse(
    readFileSync(
      fileURLToPath(new URL(`../../../../tests/vectors/${name}`, import.meta.url)),
      "utf8",
    ),
  ) as Vector[];

type Piece = Y.XmlElement | Y.XmlText;

function element(name: string, ...children: (Piece | string)[]): Y.XmlElement {
  const made = new Y.XmlElement(name);
  made.insert(
    0,
    children.map((child) => (typeof child === "string" ? new Y.XmlText(child) : child)),
  );
  return made;
}

function formatted(text: string, attributes: object): Y.XmlText {
  const made = new Y.XmlText();
  made.insert(0, text, attributes);
  return made;
}

function withAttributes(made: Y.XmlElement, attributes: Record<string, unknown>): Y.XmlElement {
  for (const [name, value] of Object.entries(attributes)) {
    made.setAttribute(name, value as string);
  }
  return made;
}

function look(...blocks: Piece[]): Fit {
  const fragment = new Y.Doc().getXmlFragment("default");
  fragment.insert(0, blocks);
  return inspect(fragment, schema);
}

const paragraph = (...children: (Piece | string)[]) => element("paragraph", ...children);
const foreign = { isForeign: true };
const plain = { isForeign: false, carried: new Map(), needsCleaning: false };

test.each(readVectors("richtext.json"))("what our editor writes fits: $name", (vector) => {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Buffer.from(vector.update, "base64"));
  const fit = inspect(doc.getXmlFragment("default"), schema);
  expect(fit.isForeign).toBe(false);
  // One of them shows a mark of an editor that has more.
  const hasMore = JSON.stringify(vector.json).includes('"comment"');
  expect(!fit.isForeign && fit.carried.size > 0).toBe(hasMore);
});

test.each([
  ["blocknote", "document-store"],
  ["prosemirror", "prosemirror"],
  ["lexical", "root"],
  ["quill", "quill"],
  ["slate", "content"],
  ["codemirror", "codemirror"],
])("what %s writes does not", (name, root) => {
  const vector = readVectors("roots.json").find((one) => one.name === name);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Buffer.from(vector?.update ?? "", "base64"));
  expect(inspect(doc.getXmlFragment(root), schema)).toEqual(foreign);
});

test("nothing fits, and so does an empty paragraph", () => {
  expect(look()).toEqual(plain);
  expect(look(paragraph())).toEqual(plain);
  expect(look(paragraph(""))).toEqual(plain);
});

const cell = element("tableCell", paragraph("é😀"));
const hook = () => {
  const made = element("paragraph");
  made.insert(0, [new Y.XmlHook("hook") as unknown as Y.XmlText]);
  return made;
};
const embed = () => {
  const text = new Y.XmlText("see ");
  text.insertEmbed(4, { image: "é.png" });
  return text;
};

test.each<[string, () => Piece[]]>([
  ["an unknown block", () => [paragraph("é"), element("callout", paragraph("😀"))]],
  ["an unknown block without anything in it", () => [element("drawing")]],
  ["an unknown node in a line", () => [paragraph("ask ", element("mention"), "!")]],
  ["an unknown node where nothing is expected", () => [element("image", element("caption"))]],
  ["a text beside blocks", () => [new Y.XmlText("é")]],
  ["a text in a list", () => [element("bulletList", "é")]],
  ["an item without a list", () => [element("listItem", paragraph("é"))]],
  ["a list in a paragraph", () => [paragraph(element("horizontalRule"))]],
  ["a line in a code block", () => [element("codeBlock", element("hardBreak"))]],
  ["a formatted code block", () => [element("codeBlock", formatted("x", { bold: {} }))]],
  ["a cell without a row", () => [element("table", cell)]],
  ["a node of the name of a text", () => [paragraph(element("text"))]],
  ["a hook", () => [hook()]],
  ["an embed", () => [paragraph(embed())]],
  ["a link in words of its own", () => [paragraph(formatted("x", { link: "https://é.org" }))]],
  ["an unknown mark that says no more", () => [paragraph(formatted("x", { glow: true }))]],
  [
    "a mark of ours that lies over itself",
    () => [paragraph(formatted("x", { "highlight--abcdefgh": { color: "red" } }))],
  ],
  [
    "a mark that does, and does not, lie over itself",
    () => [
      paragraph(formatted("x", { "comment--abcdefgh": { id: "1" } })),
      paragraph(formatted("x", { comment: { id: "1" } })),
    ],
  ],
  ["a mark of the name of a node", () => [paragraph(formatted("x", { paragraph: {} }))]],
  ["a mark of no name", () => [paragraph(formatted("x", { "": {} }))]],
  ["a shared type as an attribute", () => [withAttributes(paragraph("x"), { é: new Y.Map() })]],
])("%s is foreign", (_what, build) => {
  expect(look(...build())).toEqual(foreign);
});

test("the content of a root that is an element somewhere else is foreign", () => {
  const doc = new Y.Doc();
  doc.get("root", Y.XmlText).setAttribute("__dir", "ltr");
  const read = new Y.Doc();
  Y.applyUpdate(read, Y.encodeStateAsUpdate(doc));
  expect(inspect(read.getXmlFragment("root"), schema)).toEqual(foreign);
});

test("what is nested too deep for the stack of y-tiptap is foreign", () => {
  const doc = new Y.Doc();
  let parent: Y.XmlFragment = doc.getXmlFragment("default");
  for (let depth = 0; depth < 300; depth += 1) {
    const child = new Y.XmlElement("blockquote");
    parent.insert(0, [child]);
    parent = child;
  }
  expect(inspect(doc.getXmlFragment("default"), schema)).toEqual(foreign);
});

test("unknown marks and attributes are carried", () => {
  const fit = look(
    withAttributes(paragraph(formatted("é", { comment: { id: "1" }, bold: {} })), { id: "p" }),
    paragraph(formatted("😀", { comment: { id: "2", open: true } })),
    paragraph(formatted("x", { "tag--abcdefgh": { id: "1" } })),
    paragraph(formatted("x", { link: { href: "https://é.org", track: "1", rel: null } })),
    withAttributes(element("heading", "x"), { level: 2, dir: "rtl", ychange: "x" }),
  );
  expect(fit).toEqual({
    isForeign: false,
    needsCleaning: false,
    carried: new Map([
      ["paragraph", { isMark: false, overlaps: false, attributes: ["id"] }],
      ["comment", { isMark: true, overlaps: false, attributes: ["id", "open"] }],
      ["tag", { isMark: true, overlaps: true, attributes: ["id"] }],
      ["link", { isMark: false, overlaps: false, attributes: ["track"] }],
      ["heading", { isMark: false, overlaps: false, attributes: ["dir"] }],
    ]),
  });
});

test("what is not set need not be carried", () => {
  expect(look(withAttributes(paragraph("é"), { id: null }))).toEqual(plain);
  expect(look(paragraph(formatted("é", { bold: true })))).toEqual(plain);
});

test.each<[string, () => Piece[]]>([
  ["a list", () => [element("bulletList")]],
  [
    "an item",
    () => [element("bulletList", element("listItem", paragraph("é")), element("listItem"))],
  ],
  ["an item outside of a list", () => [element("listItem", paragraph())]],
])("%s with nothing in it may be cleaned up", (_what, build) => {
  expect(look(...build())).toEqual({ ...plain, needsCleaning: true });
});

test("a picture is something, if there is no word with it", () => {
  expect(look(element("bulletList", element("image")))).toEqual(foreign);
});

test("an editor is made anew only for what the last one does not carry", () => {
  const one = look(withAttributes(paragraph("é"), { id: "1" })) as Fit & { isForeign: false };
  const two = look(
    withAttributes(paragraph("é"), { id: "1", dir: "rtl" }),
    paragraph(formatted("x", { comment: { id: "1" } })),
  ) as Fit & { isForeign: false };
  expect(mergeFits(one, look(paragraph()))).toBe(one);
  expect(mergeFits(two, one)).toBe(two);
  expect(covers(one.carried, two.carried)).toBe(false);
  const both = mergeFits(one, two) as Fit & { isForeign: false };
  expect(covers(both.carried, one.carried) && covers(both.carried, two.carried)).toBe(true);
  expect(mergeFits(one, { isForeign: true })).toEqual(foreign);
  expect(mergeFits({ isForeign: true }, one)).toBe(one);
});

test("after a change of words, only these are looked at", () => {
  const doc = new Y.Doc();
  const fragment = doc.getXmlFragment("default");
  const title = doc.getText("title");
  const code = new Y.XmlText("x");
  const words = new Y.XmlText("é");
  fragment.insert(0, [paragraph(words), element("codeBlock", code), element("callout", "?")]);
  const list = element("bulletList");
  fragment.push([list]);
  const inspectThese = (...changed: (Piece | Y.Text | Y.XmlFragment)[]) =>
    inspectWords(changed as Iterable<unknown> as Iterable<never>, fragment, schema);

  expect(inspectThese(words, code, title)).toEqual(plain);
  expect(inspectThese(fragment)).toBeNull();
  expect(inspectThese(words, list)).toBeNull();
  words.format(0, 1, { comment: { id: "1" } });
  expect(inspectThese(words)).toMatchObject({ carried: new Map([["comment", expect.anything()]]) });
  code.format(0, 1, { bold: {} });
  expect(inspectThese(words, code)).toEqual(foreign);
  words.insertEmbed(0, { image: "é.png" });
  expect(inspectThese(words)).toEqual(foreign);
});
