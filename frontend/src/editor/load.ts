import type { DocumentKind } from "../api/types";

/** The editor for a kind of document: each a chunk of its own, and none in the list of documents. */
export function loadEditor(kind: DocumentKind) {
  return kind === "text" ? import("./text/TextEditor") : import("./richtext/RichTextEditor");
}
