import { expect, test } from "vitest";
import { formatAgo } from "./time";

const now = Date.parse("2026-06-15T12:00:00Z");

test.each([
  ["2026-06-15T11:59:50Z", "just now"],
  ["2026-06-15T12:00:30Z", "just now"],
  ["2026-06-15T11:59:10Z", "1 minute ago"],
  ["2026-06-15T11:15:00Z", "45 minutes ago"],
  ["2026-06-15T09:00:00Z", "3 hours ago"],
  ["2026-06-14T11:00:00Z", "yesterday"],
  ["2026-06-01T12:00:00Z", "Jun 1"],
  ["2024-06-01T12:00:00Z", "Jun 1, 2024"],
])("%s was %s", (iso, words) => {
  expect(formatAgo(iso, now)).toBe(words);
});
