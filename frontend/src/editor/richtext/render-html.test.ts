// @vitest-environment happy-dom
import { expect, test } from "vitest";
import * as Y from "yjs";
import { renderHtml } from "./render-html";

function write(name: string, attributes: object): Y.XmlFragment {
  const fragment = new Y.Doc().getXmlFragment("default");
  const block = new Y.XmlElement(name);
  fragment.insert(0, [block]);
  const text = new Y.XmlText();
  block.insert(0, [text]);
  text.insert(0, "é😀 <b>", attributes);
  return fragment;
}

test.each([
  ["paragraph", {}],
  ["heading", { bold: {} }],
  ["paragraph", { comment: { id: "1" } }],
  ["callout", { glow: true }],
])("a copy of a %s with %j has its words", (name, attributes) => {
  const page = renderHtml(write(name, attributes), "Plans & <more>");
  expect(page).toContain("é😀 &lt;b&gt;");
  expect(page).toContain("<title>Plans &amp; &lt;more></title>");
});
