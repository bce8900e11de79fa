import { expect, test } from "vitest";
import { stackCards } from "./stack-cards";

const cards = (...tops: number[]) =>
  tops.map((top, index) => ({ key: "abc"[index] ?? "", top, height: 100 }));
const placed = (tops: number[], active: string | null = null) => [
  ...stackCards(cards(...tops), active, 10).values(),
];

test("cards that have room stand beside their text", () => {
  expect(placed([0, 200, 500])).toEqual([0, 200, 500]);
});

test("cards of one line stand below each other", () => {
  expect(placed([50, 50, 60])).toEqual([50, 160, 270]);
});

test("the active card stands beside its text, and the others make way", () => {
  expect(placed([200, 210, 220], "b")).toEqual([100, 210, 320]);
  expect(placed([200, 210, 420], "c")).toEqual([200, 310, 420]);
});

test("at the top of the page even the active card gives way", () => {
  expect(placed([5, 10, 20], "c")).toEqual([0, 110, 220]);
});
