import { fromBase64, toBase64 } from "../base64";
import type { Environment, Socket } from "../environment";

type Frame = Record<string, unknown> & { type: string };

/** A socket whose other end is the test. */
export class FakeSocket implements Socket {
  readyState = 0;
  bufferedAmount = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: Frame[] = [];
  closedWith: number | null = null;
  readonly url: string;
  readonly subprotocol: string;

  constructor(url: string, subprotocol: string) {
    this.url = url;
    this.subprotocol = subprotocol;
  }

  send(frame: string): void {
    this.sent.push(JSON.parse(frame) as Frame);
  }

  close(code = 1000): void {
    this.closedWith = code;
    this.readyState = 3;
  }

  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  receive(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /** The server, or the network, ends it. */
  end(code: number, reason = ""): void {
    this.readyState = 3;
    this.onclose?.({ code, reason });
  }

  /** What was sent of one type since the last call for it. */
  take(type: string): Frame[] {
    const taken = this.sent.filter((frame) => frame.type === type);
    const rest = this.sent.filter((frame) => frame.type !== type);
    this.sent.splice(0, this.sent.length, ...rest);
    return taken;
  }

  welcome(fields: object = {}): void {
    this.open();
    this.receive({
      type: "welcome",
      version: 1,
      connection: "c1",
      user: { username: "alice", name: "Alice" },
      role: "owner",
      epoch: 1,
      head: 0,
      limits: { max_frame_bytes: 16_777_216 },
      ping_seconds: 20,
      ...fields,
    });
  }
}

interface Timer {
  at: number;
  callback: () => void;
}

/** A world in which time passes only when the test says so. */
export class FakeEnvironment implements Environment {
  readonly sockets: FakeSocket[] = [];
  #now = 0;
  #timers = new Set<Timer>();
  #listener: ((sign: "online" | "offline" | "visible") => void) | null = null;
  /** What `random` gives: by default backoff waits its whole ceiling. */
  chance = 0.999_999;

  get socket(): FakeSocket {
    const last = this.sockets.at(-1);
    if (last === undefined) {
      throw new Error("no socket was opened");
    }
    return last;
  }

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance;
  }

  setTimer(callback: () => void, milliseconds: number): Timer {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  openSocket(url: string, subprotocol: string): Socket {
    const socket = new FakeSocket(url, subprotocol);
    this.sockets.push(socket);
    return socket;
  }

  watchNetwork(listener: (sign: "online" | "offline" | "visible") => void): () => void {
    this.#listener = listener;
    return () => {
      this.#listener = null;
    };
  }

  signal(sign: "online" | "offline" | "visible"): void {
    this.#listener?.(sign);
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end);
      const next = due.sort((one, other) => one.at - other.at)[0];
      if (next === undefined) {
        break;
      }
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
  }
}

/** Lets the end of the turn come, when a first local update leaves. */
export async function endTurn(): Promise<void> {
  await Promise.resolve();
  await Promise.resolve();
}

export const encode = toBase64;
export const decode = fromBase64;
