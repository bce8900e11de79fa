import * as Y from "yjs";
import type { Environment, TimerId } from "./environment";

/** While earlier updates are on their way, later ones are gathered for so long. */
const GATHER_MS = 30;
/** Above this many unsent bytes in the socket, gather on instead of queueing more. */
const MAX_BUFFERED_BYTES = 1024 * 1024;

interface LocalUpdatesOptions {
  environment: Environment;
  /** Whether an earlier update still waits for its acknowledgement. */
  isInFlight(): boolean;
  bufferedBytes(): number;
  transmit(update: Uint8Array): void;
}

/**
 * Gathers local updates into frames. The first keystroke leaves at the end of its own turn; those
 * that follow while it is unacknowledged leave merged, some thirty times a second at most.
 */
export class LocalUpdates {
  readonly #options: LocalUpdatesOptions;
  #updates: Uint8Array[] = [];
  #timer: TimerId | null = null;
  #turnQueued = false;
  #held = true;

  constructor(options: LocalUpdatesOptions) {
    this.#options = options;
  }

  push(update: Uint8Array): void {
    if (this.#held) {
      // A difference by state vector will cover it.
      return;
    }
    this.#updates.push(update);
    this.#schedule();
  }

  /** From now on updates are sent. */
  release(): void {
    this.#held = false;
  }

  /** From now on nothing is sent; what waited is dropped, for a difference will cover it. */
  hold(): void {
    this.#held = true;
    this.drop();
  }

  drop(): void {
    this.#updates = [];
    if (this.#timer !== null) {
      this.#options.environment.clearTimer(this.#timer);
      this.#timer = null;
    }
  }

  flush(): void {
    const updates = this.#updates;
    this.drop();
    const [first] = updates;
    if (first !== undefined) {
      this.#options.transmit(updates.length === 1 ? first : Y.mergeUpdates(updates));
    }
  }

  #schedule(): void {
    if (this.#timer !== null || this.#turnQueued) {
      return;
    }
    if (this.#options.isInFlight() || this.#options.bufferedBytes() > 0) {
      this.#wait();
      return;
    }
    this.#turnQueued = true;
    queueMicrotask(() => {
      this.#turnQueued = false;
      if (this.#timer === null) {
        this.flush();
      }
    });
  }

  #wait(): void {
    this.#timer = this.#options.environment.setTimer(() => {
      this.#timer = null;
      if (this.#options.bufferedBytes() > MAX_BUFFERED_BYTES) {
        this.#wait();
      } else {
        this.flush();
      }
    }, GATHER_MS);
  }
}
