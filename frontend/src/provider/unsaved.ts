/**
 * Which of our changes the server has not yet acknowledged. Counts, not bytes: after a reconnect
 * the document itself tells what the server lacks.
 */
export class UnsavedChanges {
  #waiting: number;
  /** Changes in each update on its way, by `cseq`. */
  readonly #sent = new Map<number, number>();

  constructor(waiting = 0) {
    this.#waiting = waiting;
  }

  /** Changes of this person that no acknowledgement has covered. */
  get count(): number {
    let total = this.#waiting;
    for (const changes of this.#sent.values()) {
      total += changes;
    }
    return total;
  }

  /** Whether anything is on its way, own changes or relayed ones. */
  get inFlight(): boolean {
    return this.#sent.size > 0;
  }

  get isEmpty(): boolean {
    return this.#waiting === 0 && this.#sent.size === 0;
  }

  add(changes: number): void {
    this.#waiting += changes;
  }

  /** What was waiting travels in `cseq`. */
  send(cseq: number): void {
    this.#sent.set(cseq, this.#waiting);
    this.#waiting = 0;
  }

  /**
   * Everything travels in `cseq` now. A full difference covers what was sent before it, which the
   * server may have set aside unacknowledged because it lacked a predecessor.
   */
  sendAll(cseq: number): void {
    const everything = this.count;
    this.#sent.clear();
    this.#waiting = 0;
    this.#sent.set(cseq, everything);
  }

  /** Each update in `from..to` is committed; those between that were refused are not in here. */
  settle(from: number, to: number): void {
    for (const cseq of [...this.#sent.keys()]) {
      if (cseq >= from && cseq <= to) {
        this.#sent.delete(cseq);
      }
    }
  }

  /** The connection is gone, and with it the hope for its acknowledgements. */
  loseConnection(): void {
    this.#waiting = this.count;
    this.#sent.clear();
  }

  /** The server turned out to have what was not sent by us. */
  clearWaiting(): void {
    this.#waiting = 0;
  }
}
