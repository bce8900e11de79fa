// @vitest-environment happy-dom
import { beforeEach, expect, test } from "vitest";
import {
  countUnsavedCopies,
  dropMarksExcept,
  readUnsavedMark,
  writeUnsavedMark,
} from "./unsaved-mark";

beforeEach(() => localStorage.clear());

test("a mark says how many changes wait, until they are saved", () => {
  writeUnsavedMark("alice", "1", 3);
  expect(readUnsavedMark("alice", "1")).toBe(3);
  writeUnsavedMark("alice", "1", 0);
  expect(readUnsavedMark("alice", "1")).toBe(0);
  expect(localStorage.length).toBe(0);
});

test("people are told apart, also when one name begins with another", () => {
  writeUnsavedMark("alice", "1", 1);
  writeUnsavedMark("alice2", "1", 1);
  writeUnsavedMark("alice2", "2", 1);
  expect(countUnsavedCopies("alice")).toBe(1);
  expect(countUnsavedCopies("alice2")).toBe(2);
});

test("marks of others are dropped, and what is not a mark stays", () => {
  localStorage.setItem("mantine-color-scheme-value", "dark");
  writeUnsavedMark("alice", "1", 1);
  writeUnsavedMark("bob", "1", 1);
  dropMarksExcept("bob");
  expect([countUnsavedCopies("alice"), countUnsavedCopies("bob")]).toEqual([0, 1]);
  dropMarksExcept(null);
  expect(countUnsavedCopies("bob")).toBe(0);
  expect(localStorage.getItem("mantine-color-scheme-value")).toBe("dark");
});
