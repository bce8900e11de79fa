import { expect, test } from "vitest";
import type { PresenceEntry } from "../provider";
import { listPeople } from "./people-here";

const entry = (connection: string, username: string | null): PresenceEntry => ({
  connection,
  user: { username, name: username ?? "Guest" },
  role: "editor",
  since: "2026-01-01T00:00:00Z",
});

test("a person with two tabs is one person, two guests are two", () => {
  const people = listPeople([
    entry("1", "alice"),
    entry("2", "bob"),
    entry("3", "alice"),
    entry("4", null),
    entry("5", null),
  ]);
  expect(people.map(({ name }) => name)).toEqual(["alice", "bob", "Guest", "Guest"]);
});
