import { Backoff } from "./backoff";
import type { Environment, Socket, TimerId } from "./environment";
import { Heartbeat } from "./heartbeat";
import {
  type ClientMessage,
  decodeMessage,
  encodeMessage,
  MessageError,
  type ServerMessage,
  SUBPROTOCOL,
} from "./messages";
import { type Refusal, refusalOf } from "./refusal";

/** How long a socket may take to open and be welcomed. */
const WELCOME_WITHIN_MS = 15_000;

/** `readyState` of a socket that takes frames. */
const OPEN = 1;

export interface ConnectionOptions {
  url: string;
  /** Who we are, for whom no session cookie speaks. */
  token: string | undefined;
  environment: Environment;
  onMessage(message: ServerMessage): void;
  /** The socket is gone and another will be tried. Called once for each failed attempt as well. */
  onDown(): void;
  /** The socket is gone for good. */
  onRefused(refusal: Refusal): void;
}

/**
 * One logical connection: opens sockets one after the other until it is refused or stopped.
 * Knows when a socket is dead and when to try again, and nothing of documents.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #backoff: Backoff;
  readonly #heartbeat: Heartbeat;
  #socket: Socket | null = null;
  #ended = true;
  #timer: TimerId | null = null;
  #unwatch: (() => void) | null = null;
  #pings = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(() => options.environment.random());
    this.#heartbeat = new Heartbeat(options.environment, {
      sendPing: () => {
        this.#pings += 1;
        this.send({ type: "ping", id: this.#pings });
      },
      onDead: () => this.#lose(),
    });
  }

  /** Bytes handed to the socket that have not left yet. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  start(): void {
    if (!this.#ended) {
      return;
    }
    this.#ended = false;
    this.#unwatch = this.#options.environment.watchNetwork((sign) => this.#onNetwork(sign));
    this.#open();
  }

  stop(): void {
    this.#ended = true;
    this.#unwatch?.();
    this.#unwatch = null;
    this.#clearTimer();
    this.#dropSocket(1000);
  }

  /** False when there is no open socket; the message is then forgotten. */
  send(message: ClientMessage): boolean {
    // A socket that is closing tells so a moment later; what is sent till then is lost.
    if (this.#socket?.readyState !== OPEN) {
      return false;
    }
    this.#socket.send(encodeMessage(message));
    return true;
  }

  /** The server works for us: the next failure is the first one again. */
  markHealthy(): void {
    this.#backoff.reset();
  }

  /** Gives this socket up and tries another. */
  restart(): void {
    this.#lose();
  }

  /** Tries now if it would otherwise wait. */
  retryNow(): void {
    if (!this.#ended && this.#socket === null) {
      this.#open();
    }
  }

  #open(): void {
    this.#clearTimer();
    const { environment, url, token } = this.#options;
    const socket = environment.openSocket(url, SUBPROTOCOL);
    this.#socket = socket;
    this.#timer = environment.setTimer(() => this.#lose(), WELCOME_WITHIN_MS);
    socket.onopen = () => {
      // Whom a cookie lets in is welcomed without it; everybody else learns at once whether the
      // document's link lets them in, or that they are signed out.
      this.send({ type: "hello", ...(token === undefined ? {} : { token }) });
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#onClose(event.code, event.reason);
    // A close always follows an error, and says more.
    socket.onerror = null;
  }

  #receive(frame: unknown): void {
    this.#heartbeat.heard();
    if (typeof frame !== "string") {
      return;
    }
    let message: ServerMessage | null;
    try {
      message = decodeMessage(frame);
    } catch (error) {
      if (!(error instanceof MessageError)) {
        throw error;
      }
      // What follows may build on what we could not read: start over with a state vector.
      console.error(`Unreadable message from the server: ${error.message}`);
      this.#lose();
      return;
    }
    if (message === null) {
      return;
    }
    if (message.type === "welcome") {
      this.#clearTimer();
      this.#heartbeat.start(message.pingSeconds);
    }
    this.#options.onMessage(message);
  }

  #onClose(code: number, reason: string): void {
    const refusal = refusalOf(code, reason);
    if (refusal === null) {
      this.#lose();
      return;
    }
    this.stop();
    this.#options.onRefused(refusal);
  }

  #lose(): void {
    if (this.#ended) {
      return;
    }
    this.#clearTimer();
    this.#dropSocket(1000);
    this.#timer = this.#options.environment.setTimer(() => this.#open(), this.#backoff.nextMs());
    this.#options.onDown();
  }

  #onNetwork(sign: "online" | "offline" | "visible"): void {
    if (sign === "offline") {
      if (this.#socket !== null) {
        this.#lose();
      }
    } else if (this.#socket === null) {
      this.#open();
    } else {
      this.#heartbeat.probe();
    }
  }

  /** Forgets the socket at once: the close event of a dead one can take minutes. */
  #dropSocket(code: number): void {
    this.#heartbeat.stop();
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(code);
    }
  }

  #clearTimer(): void {
    if (this.#timer !== null) {
      this.#options.environment.clearTimer(this.#timer);
      this.#timer = null;
    }
  }
}
