// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError, pathOfNext, request } from "./http";

const fetchMock = vi.fn<typeof fetch>();

function answer(status: number, body: unknown): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  fetchMock.mockResolvedValueOnce(new Response(status === 204 ? null : text, { status }));
}

async function failure(): Promise<ApiError> {
  const error: unknown = await request("/x/").catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

beforeEach(() => {
  vi.stubGlobal("fetch", fetchMock);
});

afterEach(() => {
  fetchMock.mockReset();
  vi.unstubAllGlobals();
});

test("what changes something carries the CSRF token of the cookie", async () => {
  // biome-ignore lint/suspicious/noDocumentCookie: the cookie is what is tested.
  document.cookie = "csrftoken=a%3Db";
  answer(200, {});
  await request("/documents/", { method: "POST", json: { title: "é" } });
  const [url, options] = fetchMock.mock.calls[0] ?? [];
  expect(url).toBe("/api/v1/documents/");
  expect(options?.headers).toMatchObject({
    "X-CSRFToken": "a=b",
    "Content-Type": "application/json",
  });
  expect(options?.body).toBe('{"title":"é"}');
});

test("an answer without content is nothing", async () => {
  answer(204, "");
  expect(await request("/x/", { method: "DELETE" })).toBeUndefined();
});

test("problem details become an error with what is wrong at which field", async () => {
  const errors = { user: ["There is no user named x."] };
  answer(400, { title: "Bad Request", status: 400, detail: "user: …", errors });
  expect(await failure()).toMatchObject({ status: 400, message: "user: …", fields: errors });
});

test("what is wrong with no field in particular is the message", async () => {
  answer(400, { detail: "request: Wrong.", errors: { request: ["Wrong."] } });
  expect(await failure()).toMatchObject({ message: "Wrong." });
});

test("an error page of a proxy is an error too", async () => {
  answer(502, "<html>Bad Gateway</html>");
  expect(await failure()).toMatchObject({ status: 502, fields: {} });
});

test("no answer at all has status 0", async () => {
  fetchMock.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  expect(await failure()).toMatchObject({ status: 0 });
});

test("the next page is asked for here, whatever host the server believes to have", () => {
  expect(pathOfNext("http://internal:8000/api/v1/documents/?cursor=a%3D&q=b")).toBe(
    "/documents/?cursor=a%3D&q=b",
  );
});
