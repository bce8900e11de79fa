import * as Y from "yjs";
import type { Environment } from "./environment";
import { Throttle } from "./throttle";

/** One frame of a screen: more often than this nobody sees a difference. */
const FRAME_MS = 16;

/**
 * Applies the updates of others, in order. In a quiet document each at once; in a busy one all
 * that arrive within a frame in one transaction, so that the editor renders once for them.
 */
export class RemoteUpdates {
  readonly #doc: Y.Doc;
  readonly #origin: unknown;
  readonly #throttle: Throttle;
  #waiting: Uint8Array[] = [];

  constructor(environment: Environment, doc: Y.Doc, origin: unknown) {
    this.#doc = doc;
    this.#origin = origin;
    this.#throttle = new Throttle(environment, FRAME_MS, () => this.#apply());
  }

  push(update: Uint8Array): void {
    this.#waiting.push(update);
    this.#throttle.request();
  }

  /** Applies what waits, now. What depends on order calls this first. */
  flush(): void {
    if (this.#waiting.length > 0) {
      this.#throttle.flush();
    }
  }

  #apply(): void {
    const updates = this.#waiting;
    this.#waiting = [];
    if (updates.length === 0) {
      return;
    }
    Y.transact(
      this.#doc,
      () => {
        for (const update of updates) {
          Y.applyUpdate(this.#doc, update, this.#origin);
        }
      },
      this.#origin,
      false,
    );
  }

  destroy(): void {
    this.#throttle.cancel();
    this.#waiting = [];
  }
}
