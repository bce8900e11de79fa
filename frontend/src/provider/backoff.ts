/**
 * Exponential backoff with full jitter: after the n-th failure in a row, anything between nothing
 * and `firstMs * 2^n`, at most `capMs`. A server that restarts is then not met by all at once.
 */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;
  readonly #firstMs: number;
  readonly #capMs: number;

  constructor(random: () => number, firstMs = 500, capMs = 30_000) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#capMs = capMs;
  }

  nextMs(): number {
    const ceilingMs = Math.min(this.#capMs, this.#firstMs * 2 ** this.#failures);
    this.#failures += 1;
    return this.#random() * ceilingMs;
  }

  reset(): void {
    this.#failures = 0;
  }
}
