import { expect, test } from "vitest";
import type { ChatMessage } from "../api/types";
import { groupMessages } from "./group-messages";

const say = (id: number, username: string | null, minute: number): ChatMessage => ({
  id,
  user: username === null ? null : { username, name: username },
  text: "é😀",
  at: new Date(Date.UTC(2026, 0, 1, 12, minute)).toISOString(),
});
const shape = (newestFirst: ChatMessage[]) =>
  groupMessages(newestFirst).map(({ user, messages }) => [
    user?.username ?? null,
    messages.map(({ id }) => id),
  ]);

test("what one says in a row is one block, the oldest first", () => {
  expect(
    shape([say(4, "bob", 3), say(3, "alice", 2), say(2, "alice", 1), say(1, "bob", 0)]),
  ).toEqual([
    ["bob", [1]],
    ["alice", [2, 3]],
    ["bob", [4]],
  ]);
});

test("after a pause a new block begins", () => {
  expect(shape([say(2, "bob", 30), say(1, "bob", 0)])).toEqual([
    ["bob", [1]],
    ["bob", [2]],
  ]);
});

test("a guest is not taken for somebody else", () => {
  expect(shape([say(2, null, 1), say(1, "bob", 0)])).toEqual([
    ["bob", [1]],
    [null, [2]],
  ]);
});
