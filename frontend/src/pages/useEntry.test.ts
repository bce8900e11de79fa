import { expect, test } from "vitest";
import { safeNext } from "./useEntry";

test.each([
  [null, "/"],
  ["/documents/1/?a=b", "/documents/1/?a=b"],
  ["//evil.example", "/"],
  ["/\\evil.example", "/"],
  ["https://evil.example", "/"],
  ["javascript:alert(1)", "/"],
])("after signing in, next=%s leads to %s", (next, path) => {
  expect(safeNext(next)).toBe(path);
});
