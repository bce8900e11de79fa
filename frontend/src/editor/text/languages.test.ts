import { expect, test } from "vitest";
import { endingOf, loadLanguage } from "./languages";

test.each([
  ["notes.md", "md"],
  ["Main.PY ", "py"],
  ["a.b.tsx", "tsx"],
  ["Untitled", ""],
  ["ends with a dot.", ""],
  ["song.mp3", ""],
  ["constructor.constructor", ""],
])("%j is read as %j", (title, ending) => {
  expect(endingOf(title)).toBe(ending);
});

test("a language is loaded when it is needed, and plain text needs none", async () => {
  expect(await loadLanguage("json")).not.toEqual([]);
  expect(await loadLanguage("")).toEqual([]);
});
