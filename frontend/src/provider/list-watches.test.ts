import { beforeEach, expect, test, vi } from "vitest";
import { ListWatches } from "./list-watches";
import type { ClientMessage, ListChange } from "./messages";
import { FakeEnvironment } from "./testing/fake-environment";

let environment: FakeEnvironment;
let sent: ClientMessage[];
let watches: ListWatches;
const listener = { onResult: vi.fn(), onChange: vi.fn(), onLive: vi.fn() };
const change: ListChange = { kind: "added", id: 7, item: { id: 7, text: "é😀" } };

beforeEach(() => {
  vi.clearAllMocks();
  environment = new FakeEnvironment();
  sent = [];
  watches = new ListWatches(environment, (message) => {
    sent.push(message);
    return true;
  });
});

const lastId = () => (sent.at(-1) as { id: string }).id;

function answer(subscription: number, result: unknown = { results: [] }): void {
  watches.onResponse({ type: "response", id: lastId(), result, subscription });
}

function push(n: number, subscription = 1): void {
  watches.onPush({ type: "push", subscription, n, event: change });
}

test("a list is asked for once there is a connection, and again on each new one", () => {
  watches.watch({ method: "threads.list" }, listener);
  expect(sent).toEqual([]);
  watches.open();
  expect(sent).toEqual([
    { type: "request", id: "list-1", method: "threads.list", params: {}, live: true },
  ]);
  answer(1, { results: ["é😀"] });
  expect(listener.onResult).toHaveBeenLastCalledWith({ results: ["é😀"] });
  expect(listener.onLive).toHaveBeenLastCalledWith(true);

  watches.close();
  expect(listener.onLive).toHaveBeenLastCalledWith(false);
  watches.open();
  expect(sent).toHaveLength(2);
});

test("changes are told in their order, to whom they concern alone", () => {
  const other = { onResult: vi.fn(), onChange: vi.fn(), onLive: vi.fn() };
  watches.open();
  watches.watch({ method: "threads.list" }, listener);
  answer(1);
  watches.watch({ method: "messages.list" }, other);
  answer(2);
  push(1);
  expect(listener.onChange).toHaveBeenCalledExactlyOnceWith(change);
  expect(other.onChange).not.toHaveBeenCalled();
});

test("after a change that never came the whole list is asked for", () => {
  watches.open();
  watches.watch({ method: "threads.list" }, listener);
  answer(1);
  push(2);
  expect(listener.onChange).not.toHaveBeenCalled();
  expect(sent.slice(-2).map(({ type }) => type)).toEqual(["unsubscribe", "request"]);
});

test("whoever watches no more unsubscribes, also when the answer comes later", () => {
  watches.open();
  const stop = watches.watch({ method: "threads.list" }, listener);
  stop();
  answer(1);
  expect(sent.at(-1)).toMatchObject({ type: "unsubscribe", subscription: 1 });
  expect(listener.onResult).not.toHaveBeenCalled();
});

test("a server that is busy is asked again when it said so", () => {
  watches.open();
  watches.watch({ method: "threads.list" }, listener);
  const error = {
    type: "error",
    cseq: null,
    code: "rate_limited",
    detail: "",
    retryMs: 500,
  } as const;
  expect(watches.onError({ ...error, id: "list-1" })).toBe(true);
  environment.advance(499);
  expect(sent).toHaveLength(1);
  environment.advance(1);
  expect(sent).toHaveLength(2);
});

test("a list that is refused is live no more, and an error about something else is not ours", () => {
  watches.open();
  watches.watch({ method: "members.list" }, listener);
  answer(1);
  const error = {
    type: "error",
    cseq: null,
    code: "not_found",
    detail: "",
    retryMs: null,
  } as const;
  expect(watches.onError({ ...error, id: "somebody's" })).toBe(false);
  expect(watches.onError({ ...error, id: "list-1" })).toBe(true);
  expect(listener.onLive).toHaveBeenLastCalledWith(false);
  push(1);
  expect(listener.onChange).not.toHaveBeenCalled();
});
