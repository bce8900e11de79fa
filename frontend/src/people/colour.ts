/**
 * A person's colour: the same for everybody who looks, on every day. Dark enough for white text
 * on it, bright enough to be seen as a caret on a dark page. Six digits, as y-tiptap wants it.
 */
const COLOURS = [
  "#c2410c",
  "#0f766e",
  "#7c3aed",
  "#be185d",
  "#1d70b8",
  "#4d7c0f",
  "#b45309",
  "#a21caf",
  "#0e7490",
  "#dc2626",
  "#5b5bd6",
  "#15803d",
] as const;

export function colourOf(name: string): string {
  // FNV-1a: short names that differ in one letter land far apart.
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index += 1) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return COLOURS[(hash >>> 0) % COLOURS.length] ?? COLOURS[0];
}

/** What fits into a circle: first letters of the first and the last word. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/u).filter(Boolean);
  const first = [...(words[0] ?? "?")][0] ?? "?";
  const last = words.length > 1 ? ([...(words.at(-1) ?? "")][0] ?? "") : "";
  return (first + last).toUpperCase();
}
