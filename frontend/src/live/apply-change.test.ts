import { expect, test } from "vitest";
import type { ListChange } from "../provider";
import { applyChange, applyToPages, type ListShape } from "./apply-change";

interface Said {
  id: number;
  text: string;
}

const newestFirst: ListShape<Said> = {
  idOf: ({ id }) => id,
  compare: (one, other) => other.id - one.id,
};
const added = (id: number, text = "é😀"): ListChange => ({ kind: "added", id, item: { id, text } });
const removed = (id: number): ListChange => ({ kind: "removed", id, item: null });
const said = (...ids: number[]): Said[] => ids.map((id) => ({ id, text: `${id}` }));
const idsOf = (items: readonly Said[]) => items.map(({ id }) => id);

test("what is added stands where its order puts it", () => {
  expect(idsOf(applyChange(said(5, 3, 1), added(4), newestFirst))).toEqual([5, 4, 3, 1]);
});

test("what is changed is there once, as it is now", () => {
  const changed = applyChange(said(2, 1), { ...added(1), kind: "changed" }, newestFirst);
  expect(changed).toEqual([
    { id: 2, text: "2" },
    { id: 1, text: "é😀" },
  ]);
});

test("a change that is told twice changes nothing the second time", () => {
  const once = applyChange(said(1), added(2), newestFirst);
  expect(applyChange(once, added(2), newestFirst)).toEqual(once);
  expect(applyChange(said(1), removed(9), newestFirst)).toEqual(said(1));
});

test("on pages, the new goes to the first and the rest stays where it is", () => {
  const pages = [
    { results: said(4, 3), next: "/2" },
    { results: said(2, 1), next: null },
  ];
  const data = { pages, pageParams: ["/1", "/2"] };
  expect(applyToPages(data, added(5), newestFirst).pages.map((p) => idsOf(p.results))).toEqual([
    [5, 4, 3],
    [2, 1],
  ]);
  expect(applyToPages(data, removed(2), newestFirst).pages.map((p) => idsOf(p.results))).toEqual([
    [4, 3],
    [1],
  ]);
});
