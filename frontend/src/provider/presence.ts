import type { PresenceEntry, ServerMessage } from "./messages";
import type { Observable } from "./observable";

export type PresenceMessage = Extract<ServerMessage, { type: "presence" }>;

/** Who is connected, as the server verified it; unlike cursors, nobody can claim to be another. */
export class PresenceRoster {
  readonly #published: Observable<readonly PresenceEntry[]>;
  readonly #entries = new Map<string, PresenceEntry>();

  constructor(published: Observable<readonly PresenceEntry[]>) {
    this.#published = published;
  }

  apply(message: PresenceMessage): void {
    if ("full" in message) {
      this.#entries.clear();
      for (const entry of message.full) {
        this.#entries.set(entry.connection, entry);
      }
    } else if ("joined" in message) {
      this.#entries.set(message.joined.connection, message.joined);
    } else {
      this.#entries.delete(message.left);
    }
    this.#published.set([...this.#entries.values()]);
  }

  clear(): void {
    if (this.#entries.size > 0) {
      this.#entries.clear();
      this.#published.set([]);
    }
  }
}
