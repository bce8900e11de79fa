import { expect, test } from "vitest";
import * as Y from "yjs";
import { isPlain } from "./plain";

test("letters are plain, with formats and without", () => {
  const text = new Y.Doc().getText("content");
  expect(isPlain(text)).toBe(true);
  text.insert(0, "é😀\r\n");
  text.format(0, 2, { bold: true });
  text.delete(1, 2);
  expect(isPlain(text)).toBe(true);
});

test.each([
  ["a picture", { image: "é.png" }],
  ["a shared type", new Y.Map()],
])("%s is not", (_what, embed) => {
  const text = new Y.Doc().getText("content");
  text.insert(0, "é");
  text.insertEmbed(1, embed);
  expect(isPlain(text)).toBe(false);
  text.delete(1, 1);
  expect(isPlain(text)).toBe(true);
});
