import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { getSchema } from "@tiptap/core";
import { initProseMirrorDoc } from "@tiptap/y-tiptap";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { schemaExtensions } from "./schema";

interface Vector {
  name: string;
  /** A Yjs update, in base64. */
  update: string;
  json: unknown;
}

const file = fileURLToPath(new URL("../../../../tests/vectors/richtext.json", import.meta.url));
const vectors: Vector[] = existsSync(file)
  ? (JSON.parse(readFileSync(file, "utf8")) as Vector[])
  : [];

/** These show marks of editors that have more than ours. */
const isForeign = ({ json }: Vector) => JSON.stringify(json).includes('"comment"');
/** The first paragraph of an empty document is the editor's, and not shared before one types. */
const isEmpty = ({ update }: Vector) => update === "AAA=";

describe.skipIf(vectors.length === 0)("the documents that the server exports", () => {
  test.each(vectors.filter((vector) => !isForeign(vector) && !isEmpty(vector)))(
    "are the same in this editor: $name",
    ({ update, json }) => {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, Buffer.from(update, "base64"));
      const before = Y.encodeStateAsUpdate(doc);
      const shown = initProseMirrorDoc(doc.getXmlFragment("default"), getSchema(schemaExtensions));
      shown.doc.check();
      expect(withoutDefaults(shown.doc.toJSON())).toEqual(withoutDefaults(json));
      // What the schema does not know would be taken out of the document just by looking at it.
      expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
    },
  );
});

/** An attribute that is absent and one that is null say the same. */
function withoutDefaults(json: unknown): unknown {
  return JSON.parse(
    JSON.stringify(json, (_key, value: unknown) => (value === null ? undefined : value)),
  );
}
