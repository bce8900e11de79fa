import type * as Y from "yjs";

/**
 * What is to be known of a document; `before` itself when nothing has changed. With a transaction,
 * `before` is as of the one before it.
 */
type Look<T> = (before: T | undefined, transaction?: Y.Transaction) => T;

/**
 * Looks at a document after each transaction, before any observer is called: an editor can be taken
 * off a document before it acts on what it does not understand. Fits `useSyncExternalStore`.
 */
export class EarlyWatch<T> {
  readonly #doc: Y.Doc;
  readonly #look: Look<T>;
  readonly #ignores: (origin: unknown, value: T) => boolean;
  readonly #listeners = new Set<() => void>();
  #value: T;

  /** `ignores` says after whose transactions nothing can have changed. */
  constructor(
    doc: Y.Doc,
    look: Look<T>,
    ignores: (origin: unknown, value: T) => boolean = () => false,
  ) {
    this.#doc = doc;
    this.#look = look;
    this.#ignores = ignores;
    this.#value = look(undefined);
  }

  /** As of the last transaction, as long as somebody listens. An arrow, to be handed around. */
  readonly get = (): T => this.#value;

  /** Returns the function that ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) {
      this.#doc.on("beforeObserverCalls", this.#onTransaction);
      this.#refresh();
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) {
        this.#doc.off("beforeObserverCalls", this.#onTransaction);
      }
    };
  };

  readonly #onTransaction = (transaction: Y.Transaction): void => {
    const { changed, origin } = transaction;
    if (changed.size > 0 && !this.#ignores(origin, this.#value)) {
      this.#refresh(transaction);
    }
  };

  #refresh(transaction?: Y.Transaction): void {
    const value = this.#look(this.#value, transaction);
    if (!Object.is(value, this.#value)) {
      this.#value = value;
      for (const listener of [...this.#listeners]) {
        listener();
      }
    }
  }
}
