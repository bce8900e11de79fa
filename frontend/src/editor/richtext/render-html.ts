import { generateHTML } from "@tiptap/core";
import { yXmlFragmentToProsemirrorJSON } from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import { schemaExtensions } from "./schema";

/** The content as a web page of its own, for a copy that the server will not take. */
export function renderHtml(fragment: Y.XmlFragment, title: string): string {
  const body = generateHTML(yXmlFragmentToProsemirrorJSON(fragment), schemaExtensions);
  const heading = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html>\n<meta charset="utf-8">\n<title>${heading}</title>\n${body}\n`;
}
