import type * as Y from "yjs";
import type { DocumentInfo } from "../api/types";

/** Saves the copy in this page as a file that people can read: HTML of rich text, or the text. */
export async function downloadCopy(document: DocumentInfo, doc: Y.Doc): Promise<void> {
  const name = document.title.replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, "_").slice(0, 100) || "document";
  if (document.kind === "text") {
    saveFile(doc.getText(document.root).toString(), "text/plain", `${name} (my copy).txt`);
    return;
  }
  const { renderHtml } = await import("../editor/richtext/render-html");
  const html = renderHtml(doc.getXmlFragment(document.root), document.title);
  saveFile(html, "text/html", `${name} (my copy).html`);
}

function saveFile(content: string, type: string, name: string): void {
  const url = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  const link = window.document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
