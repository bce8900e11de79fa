import { expect, test } from "vitest";
import { endsAfter } from "./link-ends";

test("a link ends as many days from now as was chosen, or never", () => {
  const now = Date.UTC(2026, 0, 31, 12);
  expect(endsAfter("never", now)).toBeNull();
  expect(endsAfter("day", now)).toBe("2026-02-01T12:00:00.000Z");
  expect(endsAfter("week", now)).toBe("2026-02-07T12:00:00.000Z");
  expect(endsAfter("month", now)).toBe("2026-03-02T12:00:00.000Z");
});
