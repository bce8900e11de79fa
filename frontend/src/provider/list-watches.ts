import type { Environment, TimerId } from "./environment";
import type { ClientMessage, ListChange, ServerError, ServerMessage } from "./messages";

/** A list as the server's `request` names it. */
export interface ListRequest {
  method: string;
  params?: Record<string, unknown>;
}

export interface ListListener {
  /** All of the list, as REST gives it; again after each lost connection. */
  onResult(result: unknown): void;
  /** What has become of one item since. */
  onChange(change: ListChange): void;
  /** Whether the list is kept up to date; while it is not, somebody else has to look. */
  onLive(isLive: boolean): void;
}

interface Watch {
  request: ListRequest;
  listener: ListListener;
  /** Of the request under way, and of errors that end it later. */
  id: string;
  subscription: number | null;
  /** How many changes were told since the answer. */
  told: number;
  timer: TimerId | null;
}

/** The live lists of one connection: asks for them anew whenever there is a new one. */
export class ListWatches {
  readonly #environment: Environment;
  readonly #send: (message: ClientMessage) => boolean;
  readonly #watches = new Set<Watch>();
  #isOpen = false;
  #ids = 0;

  constructor(environment: Environment, send: (message: ClientMessage) => boolean) {
    this.#environment = environment;
    this.#send = send;
  }

  /** Returns the function that ends it. */
  watch(request: ListRequest, listener: ListListener): () => void {
    const watch: Watch = { request, listener, id: "", subscription: null, told: 0, timer: null };
    this.#watches.add(watch);
    if (this.#isOpen) {
      this.#ask(watch);
    }
    return () => {
      this.#watches.delete(watch);
      this.#forget(watch);
    };
  }

  /** The connection takes requests. */
  open(): void {
    this.#isOpen = true;
    for (const watch of this.#watches) {
      this.#ask(watch);
    }
  }

  /** The connection is gone. */
  close(): void {
    this.#isOpen = false;
    for (const watch of this.#watches) {
      watch.subscription = null;
      this.#stopWaiting(watch);
      watch.listener.onLive(false);
    }
  }

  onResponse({ id, result, subscription }: Extract<ServerMessage, { type: "response" }>): void {
    if (subscription === null) {
      return;
    }
    const watch = this.#findById(id);
    if (watch === undefined) {
      // Nobody waits for it any more.
      this.#unsubscribe(subscription);
      return;
    }
    watch.subscription = subscription;
    watch.told = 0;
    watch.listener.onResult(result);
    watch.listener.onLive(true);
  }

  onPush({ subscription, n, event }: Extract<ServerMessage, { type: "push" }>): void {
    const watch = [...this.#watches].find((each) => each.subscription === subscription);
    if (watch === undefined) {
      return;
    }
    watch.told += 1;
    if (n === watch.told) {
      watch.listener.onChange(event);
    } else {
      this.#forget(watch);
      this.#ask(watch);
    }
  }

  /** Whether the error was about one of these lists. */
  onError({ id, code, retryMs }: ServerError): boolean {
    const watch = id === null ? undefined : this.#findById(id);
    if (watch === undefined) {
      return false;
    }
    watch.subscription = null;
    watch.listener.onLive(false);
    if (code === "rate_limited") {
      watch.timer = this.#environment.setTimer(() => this.#ask(watch), retryMs ?? 1000);
    }
    return true;
  }

  #ask(watch: Watch): void {
    this.#stopWaiting(watch);
    this.#ids += 1;
    watch.id = `list-${this.#ids}`;
    const { method, params = {} } = watch.request;
    this.#send({ type: "request", id: watch.id, method, params, live: true });
  }

  #forget(watch: Watch): void {
    this.#stopWaiting(watch);
    if (watch.subscription !== null) {
      this.#unsubscribe(watch.subscription);
      watch.subscription = null;
    }
  }

  #unsubscribe(subscription: number): void {
    this.#ids += 1;
    this.#send({ type: "unsubscribe", id: `list-${this.#ids}`, subscription });
  }

  #stopWaiting(watch: Watch): void {
    if (watch.timer !== null) {
      this.#environment.clearTimer(watch.timer);
      watch.timer = null;
    }
  }

  #findById(id: number | string): Watch | undefined {
    return [...this.#watches].find((watch) => watch.id === id);
  }
}
