// @vitest-environment happy-dom
import { getSchema } from "@tiptap/core";
import { expect, test } from "vitest";
import { schemaExtensions } from "../richtext/schema";
import { readPage, toParagraphs } from "./read-page";

const schema = getSchema(schemaExtensions);
const blocks = (body: string) =>
  readPage(`<!doctype html>\n<head><style>p {}</style></head>\n<body>${body}</body>`, schema)
    .content;

test("only the content of a page is read", () => {
  expect(blocks("<p>é  😀</p>\n<hr>\n")).toMatchObject([
    { type: "paragraph", content: [{ type: "text", text: "é  😀" }] },
    { type: "horizontalRule" },
  ]);
});

test("line breaks between blocks are not words", () => {
  const page = blocks("\n<p>é</p>\n<div>😀</div>\n<ul>\n<li>\n<p>x</p>\n</li>\n</ul>\n");
  expect(page?.map(({ type }) => type)).toEqual(["paragraph", "paragraph", "bulletList"]);
});

test("styles are read", () => {
  expect(blocks('<h2 style="text-align:center">é</h2>')).toMatchObject([
    { type: "heading", attrs: { textAlign: "center", level: 2 } },
  ]);
  expect(blocks('<p><mark style="background-color:yellow">é</mark></p>')).toMatchObject([
    { content: [{ marks: [{ type: "highlight", attrs: { color: "yellow" } }] }] },
  ]);
});

test("words about styles stay words", () => {
  expect(blocks('<p>&lt;p style="color:red"&gt;</p>')).toMatchObject([
    { content: [{ text: '<p style="color:red">' }] },
  ]);
});

test("what a page should not do, it does not", () => {
  const page = blocks(
    '<script>alert(1)</script><p onclick="alert(1)"><a href="javascript:alert(1)">é</a></p>',
  );
  expect(JSON.stringify(page)).not.toContain("alert");
});

test("bare words are paragraphs", () => {
  expect(() => schema.nodeFromJSON(toParagraphs("é\n\n😀")).check()).not.toThrow();
  expect(schema.nodeFromJSON(toParagraphs("")).childCount).toBe(1);
});
