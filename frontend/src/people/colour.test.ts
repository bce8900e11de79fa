import { expect, test } from "vitest";
import { colourOf, initialsOf } from "./colour";

test("a person keeps their colour, and the demo people can be told apart", () => {
  const people = ["alice", "bob", "vera", "charlie"];
  expect(colourOf("alice")).toBe(colourOf("alice"));
  expect(new Set(people.map(colourOf)).size).toBe(people.length);
});

test("every colour has six digits, as carets need it", () => {
  for (let index = 0; index < 100; index += 1) {
    expect(colourOf(`person ${index}`)).toMatch(/^#[0-9a-f]{6}$/);
  }
});

test.each([
  ["Alice", "A"],
  ["alice liddell", "AL"],
  ["Zoé de la Tour", "ZT"],
  ["😀", "😀"],
  ["", "?"],
])("the initials of %j are %s", (name, initials) => {
  expect(initialsOf(name)).toBe(initials);
});
