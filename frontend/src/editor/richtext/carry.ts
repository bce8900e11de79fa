import { type AnyExtension, Extension, Mark } from "@tiptap/core";
import type { Carried } from "./fit";

/** Extensions that keep what the schema does not know: nothing of it is seen, and nothing lost. */
export function createCarriers(carried: Carried): AnyExtension[] {
  return [...carried].map(([name, { isMark, overlaps, attributes }]) => {
    const kept = Object.fromEntries(
      attributes.map((attribute) => [
        attribute,
        // A block that is split in two does not become two of the same identity.
        { default: null, rendered: false, parseHTML: () => null, keepOnSplit: false },
      ]),
    );
    if (!isMark) {
      return Extension.create({
        name: `carrier:${name}`,
        addGlobalAttributes: () => [{ types: [name], attributes: kept }],
      });
    }
    return Mark.create({
      name,
      // What is typed beside a comment is not part of it.
      inclusive: false,
      ...(overlaps ? { excludes: "" } : {}),
      addAttributes: () => kept,
      renderHTML: () => ["span", 0],
    });
  });
}
