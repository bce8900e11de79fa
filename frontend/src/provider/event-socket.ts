import { Connection } from "./connection";
import { browserEnvironment, type Environment } from "./environment";
import type { ListChange, ServerMessage } from "./messages";

export interface UserEvent {
  topic: string;
  event: ListChange;
}

interface EventSocketOptions {
  /** `ws://host/ws/events/` */
  url: string;
  topics: string[];
  environment?: Environment;
  onEvent(event: UserEvent): void;
  /** Events come from now on; what was known before may be old. */
  onOpen(): void;
  /** No events come until `onOpen`. */
  onDown(): void;
}

/** Hears what concerns the signed-in person, whatever document is open. */
export class EventSocket {
  readonly #options: EventSocketOptions;
  readonly #environment: Environment;
  readonly #connection: Connection;
  #requests = 0;
  #isOpen = false;

  constructor(options: EventSocketOptions) {
    this.#options = options;
    this.#environment = options.environment ?? browserEnvironment;
    this.#connection = new Connection({
      url: options.url,
      token: undefined,
      environment: this.#environment,
      onMessage: (message) => this.#onMessage(message),
      onDown: () => this.#onDown(),
      onRefused: () => this.#onDown(),
    });
  }

  connect(): void {
    this.#connection.start();
  }

  destroy(): void {
    this.#connection.stop();
    this.#isOpen = false;
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.#subscribe();
        break;
      case "response":
        if (message.id === this.#requests) {
          this.#isOpen = true;
          this.#connection.markHealthy();
          this.#options.onOpen();
        }
        break;
      case "event":
        this.#options.onEvent({ topic: message.topic, event: message.event });
        break;
      case "error":
        if (message.code === "rate_limited" && message.id === this.#requests) {
          this.#environment.setTimer(() => this.#subscribe(), message.retryMs ?? 1000);
        }
        break;
      default:
        break;
    }
  }

  #subscribe(): void {
    this.#requests += 1;
    this.#connection.send({
      type: "subscribe",
      id: this.#requests,
      topics: this.#options.topics,
    });
  }

  #onDown(): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.#options.onDown();
    }
  }
}
