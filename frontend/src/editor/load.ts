import type { DocumentKind } from "../api/types";

// One function for each: of two imports in one expression, the bundler fetches the styles of the
// second for both.
const loadTextEditor = () => import("./text/TextEditor");
const loadRichTextEditor = () => import("./richtext/RichTextEditor");

/** The editor for a kind of document: each a chunk of its own, and none in the list of documents. */
export function loadEditor(kind: DocumentKind) {
  return kind === "text" ? loadTextEditor() : loadRichTextEditor();
}
