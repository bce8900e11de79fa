import type * as Y from "yjs";

/**
 * Whether a text is letters alone. Images and other objects count as one letter where Yjs counts,
 * and CodeMirror, which has none for them, would write and delete in wrong places.
 */
export function isPlain(text: Y.Text): boolean {
  return text.toString().length === text.length;
}
