import type { InfiniteData } from "@tanstack/react-query";
import type { Page } from "../api/types";
import type { ListChange } from "../provider";

/** How a list of the API is read: what its items are called, and in which order they stand. */
export interface ListShape<T> {
  idOf(item: T): number | string;
  /** Below 0 when `one` stands before `other`. */
  compare(one: T, other: T): number;
}

/** The items after one of them was added, changed or removed; said twice, it changes nothing. */
export function applyChange<T>(items: readonly T[], change: ListChange, shape: ListShape<T>): T[] {
  const rest = items.filter((item) => shape.idOf(item) !== change.id);
  if (change.item === null) {
    return rest;
  }
  return [...rest, change.item as T].sort(shape.compare);
}

export function applyToPage<T>(page: Page<T>, change: ListChange, shape: ListShape<T>): Page<T> {
  return { ...page, results: applyChange(page.results, change, shape) };
}

/** What is new stands on the first page; what changes, where it was. */
export function applyToPages<T>(
  data: InfiniteData<Page<T>, string>,
  change: ListChange,
  shape: ListShape<T>,
): InfiniteData<Page<T>, string> {
  const holder = data.pages.findIndex(({ results }) =>
    results.some((item) => shape.idOf(item) === change.id),
  );
  const target = Math.max(holder, 0);
  return {
    ...data,
    pages: data.pages.map((page, index) =>
      index === target ? applyToPage(page, change, shape) : page,
    ),
  };
}
