import { generateHTML, getSchema } from "@tiptap/core";
import { yXmlFragmentToProsemirrorJSON } from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import { toParagraphs } from "../readonly/read-page";
import { readText } from "../readonly/read-text";
import { createCarriers } from "./carry";
import { inspect } from "./fit";
import { schemaExtensions } from "./schema";

/**
 * The content as a web page of its own, for a copy that the server will not take. Of what another
 * editor wrote, the words.
 */
export function renderHtml(fragment: Y.XmlFragment, title: string): string {
  const fit = inspect(fragment, getSchema(schemaExtensions));
  const body = fit.isForeign
    ? generateHTML(toParagraphs(readText(fragment)), schemaExtensions)
    : generateHTML(yXmlFragmentToProsemirrorJSON(fragment), [
        ...schemaExtensions,
        ...createCarriers(fit.carried),
      ]);
  const heading = title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<!doctype html>\n<meta charset="utf-8">\n<title>${heading}</title>\n${body}\n`;
}
