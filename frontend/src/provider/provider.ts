import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { AwarenessChannel } from "./awareness-channel";
import { Connection } from "./connection";
import { findMissing } from "./difference";
import { browserEnvironment } from "./environment";
import { type ListListener, type ListRequest, ListWatches } from "./list-watches";
import type {
  Epoch,
  PresenceEntry,
  Role,
  ServerError,
  ServerMessage,
  User,
  Welcome,
} from "./messages";
import { Observable } from "./observable";
import type { ProviderOptions } from "./options";
import { Outgoing } from "./outgoing";
import { PresenceRoster } from "./presence";
import type { Refusal } from "./refusal";
import { RemoteUpdates } from "./remote-updates";
import {
  type Connectivity,
  equalStatus,
  INITIAL_STATUS,
  isEditingRole,
  type Problem,
  type ProviderStatus,
  saveState,
} from "./status";

/**
 * Keeps a Y.Doc the same as the server's over `collab.json.v1`, and says truthfully what is saved.
 *
 * Any `sync` from the server, asked for or not, is answered with all that it lacks. So whatever
 * went wrong before (a lost connection, an update set aside, a slow reader), asking for a sync
 * heals it, and nothing has to be kept for sending again.
 */
export class DocumentProvider {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly status = new Observable<ProviderStatus>(INITIAL_STATUS);
  /** Who is here, verified by the server, this connection included; by time of joining. */
  readonly presence = new Observable<readonly PresenceEntry[]>([]);
  /** Whom the server takes us for; `null` before its first welcome. */
  readonly user = new Observable<User | null>(null);
  /** Which of those present we are; `null` while there is no connection. */
  readonly connection = new Observable<string | null>(null);

  readonly #options: ProviderOptions;
  readonly #connection: Connection;
  readonly #awarenessChannel: AwarenessChannel;
  readonly #outgoing: Outgoing;
  readonly #remoteUpdates: RemoteUpdates;
  readonly #roster: PresenceRoster;
  readonly #lists: ListWatches;

  #connectivity: Connectivity = "connecting";
  #everSynced = false;
  #role: Role | null = null;
  /** The server took no update from us although our role says it should. */
  #readOnly = false;
  #problem: Problem | null = null;
  #refusal: Refusal | null = null;
  #epoch: Epoch | null;
  #syncs = 0;
  #destroyed = false;

  constructor(options: ProviderOptions) {
    const environment = options.environment ?? browserEnvironment;
    this.#options = options;
    this.doc = options.doc;
    this.awareness = new Awareness(options.doc);
    this.#epoch = options.epoch ?? null;
    this.#roster = new PresenceRoster(this.presence);
    this.#connection = new Connection({
      url: options.url,
      token: options.token,
      environment,
      onMessage: (message) => this.#onMessage(message),
      onDown: () => this.#onDown(),
      onRefused: (refusal) => this.#onRefused(refusal),
    });
    this.#awarenessChannel = new AwarenessChannel(environment, this.awareness, (states) => {
      this.#connection.send({ type: "awareness", states });
    });
    this.#outgoing = new Outgoing({
      environment,
      connection: this.#connection,
      upload: options.upload,
      unsavedChanges: options.unsavedChanges ?? 0,
      onChange: () => this.#refresh(),
      onSyncNeeded: () => this.#requestSync(),
      onRefused: (problem) => this.#reportProblem(problem),
    });
    this.#lists = new ListWatches(environment, (message) => this.#connection.send(message));
    this.#remoteUpdates = new RemoteUpdates(environment, this.doc, this);
    this.doc.on("update", this.#onDocUpdate);
    this.#refresh();
  }

  connect(): void {
    this.#connection.start();
  }

  /** Tries to connect at once instead of waiting for the next attempt. */
  retryNow(): void {
    this.#connection.retryNow();
  }

  /** Keeps a list of this document up to date. Returns the function that ends it. */
  watchList(request: ListRequest, listener: ListListener): () => void {
    return this.#lists.watch(request, listener);
  }

  /** Leaves: what is typed is sent, the cursor taken away, the socket closed. The doc stays. */
  destroy(): void {
    if (this.#destroyed) {
      return;
    }
    this.#destroyed = true;
    this.doc.off("update", this.#onDocUpdate);
    this.#outgoing.end();
    this.#awarenessChannel.leave();
    this.#awarenessChannel.destroy();
    this.#connection.stop();
    this.#remoteUpdates.destroy();
    this.awareness.destroy();
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case "welcome":
        this.#onWelcome(message);
        break;
      case "sync":
        this.#onSync(message);
        break;
      case "update":
        this.#remoteUpdates.push(message.update);
        break;
      case "ack":
        this.#outgoing.acknowledge(message.fromCseq, message.cseq);
        this.#refresh();
        break;
      case "awareness":
        this.#awarenessChannel.receive(message.states);
        break;
      case "presence":
        this.#roster.apply(message);
        break;
      case "role":
        this.#onRole(message.role);
        break;
      case "error":
        this.#onError(message);
        break;
      case "response":
        this.#lists.onResponse(message);
        break;
      case "push":
        this.#lists.onPush(message);
        break;
      case "pong":
      // The list of messages has what is said, and nothing that was missed is missing there.
      case "chat":
      // The page sends none, and follows others by their cursors.
      case "direct":
      // For sockets without a document.
      case "event":
        break;
      default:
        message satisfies never;
    }
  }

  #onWelcome(welcome: Welcome): void {
    this.#connectivity = "welcomed";
    this.#setRole(welcome.role);
    // A copy of another incarnation is told by its own epoch: the server then refuses it.
    if (this.#epoch === null && welcome.epoch !== null) {
      this.#epoch = welcome.epoch;
      this.#options.onEpoch?.(welcome.epoch);
    }
    this.user.set(welcome.user);
    this.connection.set(welcome.connection);
    this.#outgoing.begin(welcome.maxFrameBytes);
    this.#awarenessChannel.open();
    this.#requestSync();
    // Behind the document itself, which people wait for.
    this.#lists.open();
    this.#refresh();
  }

  #requestSync(): void {
    if (this.#connectivity !== "welcomed" && this.#connectivity !== "synced") {
      // The next connection begins with one.
      return;
    }
    this.#syncs += 1;
    this.#connection.send({
      type: "sync",
      id: this.#syncs,
      state_vector: Y.encodeStateVector(this.doc),
      ...(this.#epoch === null ? {} : { epoch: this.#epoch }),
    });
  }

  #onSync(message: Extract<ServerMessage, { type: "sync" }>): void {
    this.#remoteUpdates.flush();
    Y.applyUpdate(this.doc, message.update, this);
    if (message.id !== null && this.#connectivity === "welcomed") {
      this.#connectivity = "synced";
      this.#everSynced = true;
      this.#connection.markHealthy();
    }
    // Before the first answer nothing may be sent; that answer will be answered in full.
    if (this.#connectivity === "synced") {
      this.#answerSync(findMissing(this.doc, message.stateVector, message.update));
    }
    this.#refresh();
  }

  #answerSync(missing: Uint8Array | null): void {
    if (this.#problem !== null) {
      // Nothing more is taken from this copy.
      return;
    }
    if (this.#mayEdit()) {
      this.#outgoing.answer(missing);
      return;
    }
    this.#outgoing.hold();
    if (missing === null) {
      this.#outgoing.settleUnsent();
    } else if (this.#outgoing.unsavedChanges > 0) {
      this.#problem = { code: "read_only", detail: "You may no longer edit this document." };
    } else {
      this.#options.onStale?.();
    }
  }

  #onRole(role: Role): void {
    const couldEdit = this.#mayEdit();
    this.#setRole(role);
    if (couldEdit !== this.#mayEdit() && this.#connectivity === "synced") {
      // Its answer tells what of ours got in before, or is welcome from now on.
      this.#outgoing.hold();
      this.#requestSync();
    }
    this.#refresh();
  }

  #setRole(role: Role | null): void {
    this.#role = role;
    this.#readOnly = false;
    if (this.#problem?.code === "read_only" && isEditingRole(role)) {
      this.#problem = null;
    }
  }

  #onError(error: ServerError): void {
    if (this.#lists.onError(error)) {
      return;
    }
    if (error.code === "rate_limited") {
      const retryMs = error.retryMs ?? 1000;
      if (error.cseq === null) {
        this.#awarenessChannel.pause(retryMs);
      } else {
        this.#outgoing.retryLater(retryMs);
      }
    } else if (error.cseq === null) {
      console.warn(`The server answered ${error.code}: ${error.detail}`);
    } else {
      this.#readOnly ||= error.code === "read_only";
      this.#reportProblem({ code: error.code, detail: error.detail });
    }
    this.#refresh();
  }

  /** An update of ours was refused: this copy has something that the document will never have. */
  #reportProblem(problem: Problem): void {
    const holdsOwnChanges = this.#outgoing.unsavedChanges > 0;
    this.#outgoing.giveUp();
    if (holdsOwnChanges) {
      this.#problem ??= problem;
    } else {
      this.#options.onStale?.();
    }
  }

  #onDown(): void {
    this.#connectivity = "offline";
    this.#outgoing.giveUp();
    this.#remoteUpdates.flush();
    this.#awarenessChannel.close();
    this.#roster.clear();
    this.connection.set(null);
    this.#lists.close();
    this.#refresh();
  }

  #onRefused(refusal: Refusal): void {
    this.#refusal = refusal;
    this.#onDown();
  }

  readonly #onDocUpdate = (
    update: Uint8Array,
    origin: unknown,
    _doc: Y.Doc,
    transaction: Y.Transaction,
  ): void => {
    if (origin !== this) {
      // What is not local was read from the copy on this device. A difference covers it, or, when
      // it comes late, it is sent like an edit.
      this.#outgoing.push(update, transaction.local);
      this.#refresh();
    }
  };

  #mayEdit(): boolean {
    return isEditingRole(this.#role) && !this.#readOnly;
  }

  #refresh(): void {
    const isRefused = this.#refusal !== null || this.#problem !== null;
    const status: ProviderStatus = {
      state: saveState(this.#connectivity, isRefused, this.#outgoing.isSettled),
      synced: this.#everSynced,
      role: this.#role,
      canEdit: this.#mayEdit() && !isRefused,
      unsavedChanges: this.#outgoing.unsavedChanges,
      problem: this.#problem,
      refusal: this.#refusal,
    };
    if (!equalStatus(status, this.status.get())) {
      this.status.set(status);
    }
  }
}
