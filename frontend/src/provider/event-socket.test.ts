import { beforeEach, expect, test, vi } from "vitest";
import { EventSocket } from "./event-socket";
import { FakeEnvironment } from "./testing/fake-environment";

let environment: FakeEnvironment;
let socket: EventSocket;
const handlers = { onEvent: vi.fn(), onOpen: vi.fn(), onDown: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  environment = new FakeEnvironment();
  socket = new EventSocket({
    url: "ws://host/ws/events/",
    topics: ["documents", "notifications"],
    environment,
    ...handlers,
  });
  socket.connect();
});

function subscribe(): void {
  environment.socket.welcome({ role: null, epoch: null, head: null });
  const [request] = environment.socket.take("subscribe");
  environment.socket.receive({ type: "response", id: request?.id, result: null });
}

test("it subscribes to its topics and tells of what happens", () => {
  environment.socket.welcome({ role: null, epoch: null, head: null });
  expect(environment.socket.take("subscribe")).toEqual([
    { type: "subscribe", id: 1, topics: ["documents", "notifications"] },
  ]);
  expect(handlers.onOpen).not.toHaveBeenCalled();
  environment.socket.receive({ type: "response", id: 1, result: null });
  expect(handlers.onOpen).toHaveBeenCalledOnce();

  const event = { kind: "added", id: 3, item: { id: 3, text: "é😀" } };
  environment.socket.receive({ type: "event", topic: "notifications", event });
  expect(handlers.onEvent).toHaveBeenCalledExactlyOnceWith({ topic: "notifications", event });
});

test("after a lost connection it comes back, and says that it did", () => {
  subscribe();
  environment.socket.end(1006);
  expect(handlers.onDown).toHaveBeenCalledOnce();
  environment.advance(1000);
  expect(environment.sockets).toHaveLength(2);
  subscribe();
  expect(handlers.onOpen).toHaveBeenCalledTimes(2);
});

test("whoever is signed out is not asked again", () => {
  environment.socket.open();
  environment.socket.end(4401);
  environment.advance(120_000);
  expect(environment.sockets).toHaveLength(1);
});

test("a server that is busy is asked again when it said so", () => {
  environment.socket.welcome();
  environment.socket.take("subscribe");
  environment.socket.receive({
    type: "error",
    id: 1,
    code: "rate_limited",
    detail: "",
    retry_ms: 500,
  });
  environment.advance(500);
  expect(environment.socket.take("subscribe")).toHaveLength(1);
});
