import type { JSONContent } from "@tiptap/core";
import { DOMParser as NodeParser, type Schema } from "@tiptap/pm/model";

const BODY = /<body[^>]*>([\s\S]*)<\/body>/i;
/** The elements that the server's exports give a style; in their text, "<" is written as "&lt;". */
const STYLED = /(<(?:p|h[1-6]|mark|td|th)(?: [a-z-]+="[^"<>]*")*) style="/g;

/**
 * The content of a web page that the server made of a document. Styles are set one by one: the
 * page's policy takes no style attributes, not even in a document that nobody sees.
 */
export function readPage(page: string, schema: Schema): JSONContent {
  const body = (BODY.exec(page)?.[1] ?? page).replaceAll(STYLED, '$1 data-style="');
  const parsed = new DOMParser().parseFromString(body, "text/html");
  for (const styled of parsed.querySelectorAll<HTMLElement>("[data-style]")) {
    styled.style.cssText = styled.dataset.style ?? "";
  }
  removeGaps(parsed.body);
  const node = NodeParser.fromSchema(schema).parse(parsed.body, { preserveWhitespace: true });
  return node.toJSON() as JSONContent;
}

/** Bare words as paragraphs, a line each. */
export function toParagraphs(text: string): JSONContent {
  const content = text.split("\n").map((line) => ({
    type: "paragraph",
    content: line === "" ? [] : [{ type: "text", text: line }],
  }));
  return { type: "doc", content };
}

/** Takes out the line breaks between blocks, which are not words of the document. */
function removeGaps(body: HTMLElement): void {
  const holders = body.querySelectorAll("div, ul, ol, li, blockquote, table, tbody, tr, td, th");
  for (const holder of [body, ...holders]) {
    for (const child of [...holder.childNodes]) {
      if (child.nodeType === Node.TEXT_NODE && /^\s*\n\s*$/.test(child.textContent ?? "")) {
        child.remove();
      }
    }
  }
}
