import { expect, test } from "vitest";
import { completeMention, mentionBeingTyped, splitMentions } from "./mentions";

test("mentions are told from the text around them", () => {
  expect(splitMentions("é😀 @bob, ask @zoé.")).toEqual([
    { text: "é😀 ", isMention: false, at: 0 },
    { text: "@bob", isMention: true, at: 4 },
    { text: ", ask ", isMention: false, at: 8 },
    { text: "@zoé", isMention: true, at: 14 },
    { text: ".", isMention: false, at: 18 },
  ]);
});

test("a mail address mentions nobody", () => {
  expect(splitMentions("bob@example.org").some(({ isMention }) => isMention)).toBe(false);
  expect(mentionBeingTyped("bob@exa", 7)).toBeNull();
});

test("a mention is being typed as long as the caret is at its end", () => {
  expect(mentionBeingTyped("ask @", 5)).toBe("");
  expect(mentionBeingTyped("ask @bo", 7)).toBe("bo");
  expect(mentionBeingTyped("ask @bo now", 11)).toBeNull();
});

test("choosing somebody completes the name and goes on behind it", () => {
  expect(completeMention("ask @bo", 7, "bob")).toEqual({ text: "ask @bob ", caret: 9 });
  expect(completeMention("@ 😀", 1, "bob")).toEqual({ text: "@bob 😀", caret: 5 });
});
