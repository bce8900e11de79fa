import { getSchema } from "@tiptap/core";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import { EarlyWatch } from "../early-watch";
import { type Fit, inspect, inspectWords, mergeFits } from "./fit";
import { schemaExtensions } from "./schema";

const schema = getSchema(schemaExtensions);

/** Knows at every moment whether our editor may be open on a document. */
export function watchFit(doc: Y.Doc, root: string): EarlyWatch<Fit> {
  const fragment = doc.getXmlFragment(root);
  function look(before?: Fit, transaction?: Y.Transaction): Fit {
    if (before === undefined) {
      return inspect(fragment, schema);
    }
    const words =
      transaction === undefined || before.isForeign || before.needsCleaning
        ? null
        : inspectWords(transaction.changed.keys(), fragment, schema);
    return mergeFits(before, words ?? inspect(fragment, schema));
  }
  // What our own editor writes is of its schema; what it cleans up changes the answer.
  function ignores(origin: unknown, fit: Fit): boolean {
    return origin === ySyncPluginKey && !fit.isForeign && !fit.needsCleaning;
  }
  return new EarlyWatch(doc, look, ignores);
}
