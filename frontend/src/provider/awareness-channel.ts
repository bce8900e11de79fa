import * as encoding from "lib0/encoding";
import { type Awareness, applyAwarenessUpdate, removeAwarenessStates } from "y-protocols/awareness";
import type { Environment } from "./environment";
import type { AwarenessState } from "./messages";
import { Throttle } from "./throttle";

/** A cursor that moves is told, and drawn, at most this often. */
const CURSOR_INTERVAL_MS = 50;

/**
 * A state that did not change is told again only so often. Editors set it anew with every change of
 * the document, and peers need it no more than a few times within the half minute after which they
 * take somebody for gone.
 */
const RENEWAL_MS = 5_000;

/** Marks what came from the server in the events of the awareness. */
const REMOTE = Symbol("remote awareness");

interface AwarenessChanges {
  added: number[];
  updated: number[];
  removed: number[];
}

/**
 * Carries cursors both ways between the awareness and the wire, each way throttled: fifty people
 * who move their cursors then cost twenty redraws a second, not a thousand.
 */
export class AwarenessChannel {
  readonly #environment: Environment;
  readonly #awareness: Awareness;
  readonly #send: (states: AwarenessState[]) => void;
  readonly #outward: Throttle;
  readonly #inward: Throttle;
  readonly #received = new Map<number, AwarenessState>();
  #open = false;
  /** The last state that was told on this connection, and when. */
  #told: { state: string; at: number } | null = null;

  constructor(
    environment: Environment,
    awareness: Awareness,
    send: (states: AwarenessState[]) => void,
  ) {
    this.#environment = environment;
    this.#awareness = awareness;
    this.#send = send;
    this.#outward = new Throttle(environment, CURSOR_INTERVAL_MS, () => this.#sendLocal());
    this.#inward = new Throttle(environment, CURSOR_INTERVAL_MS, () => this.#applyReceived());
    awareness.on("update", this.#onUpdate);
  }

  /** Tells a new connection who we are. The clock moves on, or peers who saw us leave would not listen. */
  open(): void {
    this.#open = true;
    this.#told = null;
    const state = this.#awareness.getLocalState();
    if (state !== null) {
      this.#awareness.setLocalState(state);
      this.#outward.flush();
    }
  }

  /** The connection is gone: nobody else can be seen until the next. */
  close(): void {
    this.#open = false;
    this.#outward.cancel();
    this.#inward.cancel();
    this.#received.clear();
    const others = [...this.#awareness.getStates().keys()].filter(
      (client) => client !== this.#awareness.clientID,
    );
    removeAwarenessStates(this.#awareness, others, REMOTE);
    // The others announce themselves at the clocks that we have seen; forget those, or they would
    // stay invisible until their next move.
    for (const client of [...this.#awareness.meta.keys()]) {
      if (client !== this.#awareness.clientID) {
        this.#awareness.meta.delete(client);
      }
    }
  }

  receive(states: AwarenessState[]): void {
    for (const state of states) {
      const waiting = this.#received.get(state.client);
      if (waiting === undefined || state.clock >= waiting.clock) {
        this.#received.set(state.client, state);
      }
    }
    this.#inward.request();
  }

  /** The server asks for less: nothing is told for a while, then the newest state. */
  pause(milliseconds: number): void {
    this.#outward.postpone(milliseconds);
  }

  /** Leaves: peers drop our cursor now rather than by timeout. */
  leave(): void {
    this.#awareness.setLocalState(null);
    this.#outward.flush();
  }

  destroy(): void {
    this.#awareness.off("update", this.#onUpdate);
    this.close();
  }

  readonly #onUpdate = (changes: AwarenessChanges, origin: unknown): void => {
    if (origin === REMOTE || !this.#open) {
      return;
    }
    const self = this.#awareness.clientID;
    const isOwn = [changes.added, changes.updated, changes.removed].some((ids) =>
      ids.includes(self),
    );
    if (isOwn) {
      this.#outward.request();
    }
  };

  #sendLocal(): void {
    const client = this.#awareness.clientID;
    const meta = this.#awareness.meta.get(client);
    if (!this.#open || meta === undefined) {
      return;
    }
    const state = this.#awareness.getLocalState();
    const now = this.#environment.now();
    const text = JSON.stringify(state);
    if (this.#told?.state === text && now - this.#told.at < RENEWAL_MS) {
      return;
    }
    this.#told = { state: text, at: now };
    this.#send([{ client, clock: meta.clock, state }]);
  }

  #applyReceived(): void {
    const states = [...this.#received.values()];
    this.#received.clear();
    if (states.length > 0) {
      applyAwarenessUpdate(this.#awareness, encodeStates(states), REMOTE);
    }
  }
}

/** The binary form that y-protocols reads; its merging rules are then ours too. */
function encodeStates(states: AwarenessState[]): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, states.length);
  for (const { client, clock, state } of states) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, JSON.stringify(state));
  }
  return encoding.toUint8Array(encoder);
}
