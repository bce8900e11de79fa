import type { Environment, TimerId } from "./environment";

/**
 * Runs an action at once when it has been quiet, and at most every `intervalMs` otherwise. The
 * first cursor move and the first remote keystroke wait for nothing; a storm of them is gathered.
 */
export class Throttle {
  readonly #environment: Environment;
  readonly #intervalMs: number;
  readonly #action: () => void;
  #timer: TimerId | null = null;
  #lastRun = Number.NEGATIVE_INFINITY;

  constructor(environment: Environment, intervalMs: number, action: () => void) {
    this.#environment = environment;
    this.#intervalMs = intervalMs;
    this.#action = action;
  }

  request(): void {
    if (this.#timer !== null) {
      return;
    }
    const waitMs = this.#lastRun + this.#intervalMs - this.#environment.now();
    if (waitMs <= 0) {
      this.flush();
      return;
    }
    this.#timer = this.#environment.setTimer(() => this.flush(), waitMs);
  }

  /** Runs the action now, whether or not it was requested. */
  flush(): void {
    this.cancel();
    this.#lastRun = this.#environment.now();
    this.#action();
  }

  /** Nothing runs before `milliseconds` from now; then the action does, once. */
  postpone(milliseconds: number): void {
    this.cancel();
    this.#timer = this.#environment.setTimer(() => this.flush(), milliseconds);
  }

  cancel(): void {
    if (this.#timer !== null) {
      this.#environment.clearTimer(this.#timer);
      this.#timer = null;
    }
  }
}
