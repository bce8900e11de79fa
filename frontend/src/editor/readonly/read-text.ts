import * as Y from "yjs";

/**
 * All words of a shared type, whoever wrote it: a line for each node that holds some itself. With a
 * stack of its own, for others' documents may be nested deeper than that of the browser.
 */
export function readText(root: Y.XmlFragment | Y.Text): string {
  const lines: string[] = [];
  const stack: unknown[] = [root];
  while (stack.length > 0) {
    const value = stack.pop();
    if (typeof value === "string") {
      lines[Math.max(lines.length - 1, 0)] = (lines.at(-1) ?? "") + value;
      continue;
    }
    const parts = partsOf(value);
    // The texts of an element are its words. Elsewhere, as in Lexical, a text is itself a node.
    const isNode = !(value instanceof Y.XmlText && value.parent instanceof Y.XmlElement);
    if (isNode && parts.some(isWords)) {
      lines.push("");
    }
    stack.push(...parts.reverse());
  }
  return lines.join("\n").trim();
}

function partsOf(value: unknown): unknown[] {
  if (value instanceof Y.Text) {
    return value.toDelta().map((part: { insert: unknown }) => part.insert);
  }
  return value instanceof Y.XmlFragment ? value.toArray() : [];
}

function isWords(value: unknown): boolean {
  return (
    typeof value === "string" ||
    (value instanceof Y.XmlText && value.parent instanceof Y.XmlElement)
  );
}
