import { expect, test } from "vitest";
import { isAllowedLink, normalizeImage, normalizeLink } from "./links";

test.each([
  ["https://example.org/é?q=1#x", "https://example.org/é?q=1#x"],
  ["http://localhost:8000/a", "http://localhost:8000/a"],
  ["example.org/path", "https://example.org/path"],
  ["example.org:8080/path", "https://example.org:8080/path"],
  ["  example.org ", "https://example.org"],
  ["ada@example.org", "mailto:ada@example.org"],
  ["mailto:ada@example.org", "mailto:ada@example.org"],
])("%j is a link to %s", (text, link) => {
  expect(normalizeLink(text)).toBe(link);
});

test.each([
  "",
  "two words",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "data:text/html,<script>",
  "file:///etc/passwd",
  "ftp://example.org",
  "https://",
  "mailto:",
  "word",
])("%j is no link", (text) => {
  expect(normalizeLink(text)).toBeNull();
});

test("what others put into the document is held to the same rules", () => {
  expect(isAllowedLink("https://example.org")).toBe(true);
  expect(isAllowedLink("javascript:alert(1)")).toBe(false);
});

test("images come over https", () => {
  expect(normalizeImage(" https://example.org/a.png ")).toBe("https://example.org/a.png");
  expect(normalizeImage("http://example.org/a.png")).toBeNull();
  expect(normalizeImage("data:image/png;base64,AA==")).toBeNull();
});
