import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { readText } from "./read-text";

const file = fileURLToPath(new URL("../../../../tests/vectors/roots.json", import.meta.url));
const vectors = JSON.parse(readFileSync(file, "utf8")) as { name: string; update: string }[];

function open(name: string): Y.Doc {
  const doc = new Y.Doc();
  const update = vectors.find((vector) => vector.name === name)?.update ?? "";
  Y.applyUpdate(doc, Buffer.from(update, "base64"));
  return doc;
}

test.each([
  ["blocknote", "document-store", ["Café 😀", "one", "nested", "child"]],
  ["prosemirror", "prosemirror", ["Café 😀", "one", "two"]],
  ["lexical", "root", ["Café 😀", "one", "nested", "two", "said"]],
  ["slate", "content", ["Café 😀", "plain bold"]],
  ["quill", "quill", ["Café 😀", "one", "two", "done", "said"]],
])("all words of %s are read", (name, root, words) => {
  const lines = readText(open(name).getXmlFragment(root)).split("\n");
  expect(lines).toEqual(expect.arrayContaining(words));
});

test("words around a picture are read", () => {
  const text = new Y.Doc().getText("quill");
  text.insert(0, "é😀");
  text.insertEmbed(1, { image: "é.png" });
  expect(readText(text)).toBe("é😀");
});
