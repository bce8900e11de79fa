import type { Environment, TimerId } from "./environment";

/** How long a server may take to answer a ping before the socket counts as dead. */
const PONG_WITHIN_MS = 10_000;

interface HeartbeatHandlers {
  sendPing(): void;
  /** The socket is dead, even if the browser does not know it yet. */
  onDead(): void;
}

/**
 * Finds out that a socket is dead. A browser may hold on to one for many minutes after the network
 * is gone, and does not show the server's WebSocket pings to scripts; so after a while of hearing
 * nothing we ask, and give up when nothing at all comes back.
 */
export class Heartbeat {
  readonly #environment: Environment;
  readonly #handlers: HeartbeatHandlers;
  #quietMs = 30_000;
  #lastHeard = 0;
  #pingedAt: number | null = null;
  #timer: TimerId | null = null;

  constructor(environment: Environment, handlers: HeartbeatHandlers) {
    this.#environment = environment;
    this.#handlers = handlers;
  }

  start(pingSeconds: number): void {
    this.#quietMs = Math.max(5, pingSeconds * 1.5) * 1000;
    this.heard();
    this.#arm(this.#quietMs);
  }

  stop(): void {
    if (this.#timer !== null) {
      this.#environment.clearTimer(this.#timer);
      this.#timer = null;
    }
    this.#pingedAt = null;
  }

  /** Something came from the server. Called for every frame, so it sets no timer. */
  heard(): void {
    this.#lastHeard = this.#environment.now();
    this.#pingedAt = null;
  }

  /** Asks at once: the network changed or the person came back to this tab. */
  probe(): void {
    if (this.#timer !== null && this.#pingedAt === null) {
      this.#ping();
    }
  }

  #ping(): void {
    this.#pingedAt = this.#environment.now();
    this.#handlers.sendPing();
    this.#arm(PONG_WITHIN_MS);
  }

  #check(): void {
    const now = this.#environment.now();
    if (this.#pingedAt !== null) {
      this.stop();
      this.#handlers.onDead();
    } else if (now - this.#lastHeard >= this.#quietMs) {
      this.#ping();
    } else {
      this.#arm(this.#lastHeard + this.#quietMs - now);
    }
  }

  #arm(milliseconds: number): void {
    if (this.#timer !== null) {
      this.#environment.clearTimer(this.#timer);
    }
    this.#timer = this.#environment.setTimer(() => {
      this.#timer = null;
      this.#check();
    }, milliseconds);
  }
}
