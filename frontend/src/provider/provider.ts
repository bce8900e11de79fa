import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { AwarenessChannel } from "./awareness-channel";
import { Connection } from "./connection";
import { EMPTY_UPDATE, findMissing } from "./difference";
import { browserEnvironment, type Environment, type TimerId } from "./environment";
import { LocalUpdates } from "./local-updates";
import {
  type Epoch,
  type PresenceEntry,
  type ServerError,
  type ServerMessage,
  updateFrameBytes,
  type Welcome,
} from "./messages";
import { Observable } from "./observable";
import { PresenceRoster } from "./presence";
import type { Refusal } from "./refusal";
import { RemoteUpdates } from "./remote-updates";
import {
  equalStatus,
  INITIAL_STATUS,
  isEditingRole,
  type Problem,
  type ProviderStatus,
} from "./status";
import { UnsavedChanges } from "./unsaved";
import { type Upload, UploadError } from "./upload";

/** A server that is alive but acknowledges nothing for so long is tried again from the start. */
const ACK_WITHIN_MS = 60_000;
const UPLOAD_RETRY_MS = 5_000;
const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

export interface ProviderOptions {
  /** `ws://host/ws/documents/<uuid>/` */
  url: string;
  doc: Y.Doc;
  /** For whom no session cookie speaks. */
  token?: string | undefined;
  /** The incarnation of the document that `doc` already holds something of, when it does. */
  epoch?: Epoch | null;
  /** Changes that an earlier page made to the local copy and never saw saved. */
  unsavedChanges?: number;
  /** Sends an update that is too large for a frame; rejects with `UploadError`. */
  upload?: Upload;
  environment?: Environment;
  /** The server told which incarnation this is; keep it with the local copy. */
  onEpoch?: (epoch: Epoch) => void;
  /**
   * The copy holds something that the server does not have and will not take from us, and that we
   * did not write: throw the copy away and open the document again.
   */
  onStale?: () => void;
}

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

  readonly #options: ProviderOptions;
  readonly #environment: Environment;
  readonly #connection: Connection;
  readonly #awarenessChannel: AwarenessChannel;
  readonly #localUpdates: LocalUpdates;
  readonly #remoteUpdates: RemoteUpdates;
  readonly #roster: PresenceRoster;
  readonly #unsaved: UnsavedChanges;

  #connectivity: "connecting" | "welcomed" | "synced" | "offline" = "connecting";
  #everSynced = false;
  #role: ProviderStatus["role"] = null;
  /** The server took no update from us although our role says it should. */
  #readOnly = false;
  #problem: Problem | null = null;
  #refusal: Refusal | null = null;
  #epoch: Epoch | null;
  #maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #cseq = 0;
  #syncs = 0;
  #uploading = false;
  #ackTimer: TimerId | null = null;
  #retryTimer: TimerId | null = null;
  #destroyed = false;

  constructor(options: ProviderOptions) {
    this.#options = options;
    this.doc = options.doc;
    this.awareness = new Awareness(options.doc);
    this.#environment = options.environment ?? browserEnvironment;
    this.#epoch = options.epoch ?? null;
    this.#unsaved = new UnsavedChanges(options.unsavedChanges ?? 0);
    this.#roster = new PresenceRoster(this.presence);
    this.#connection = new Connection({
      url: options.url,
      token: options.token,
      environment: this.#environment,
      onMessage: (message) => this.#onMessage(message),
      onDown: () => this.#onDown(),
      onRefused: (refusal) => this.#onRefused(refusal),
    });
    this.#awarenessChannel = new AwarenessChannel(this.#environment, this.awareness, (states) => {
      this.#connection.send({ type: "awareness", states });
    });
    this.#localUpdates = new LocalUpdates({
      environment: this.#environment,
      isInFlight: () => this.#unsaved.inFlight,
      bufferedBytes: () => this.#connection.bufferedBytes,
      transmit: (update) => this.#transmit(update, false),
    });
    this.#remoteUpdates = new RemoteUpdates(this.#environment, this.doc, this);
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

  /** Leaves: what is typed is sent, the cursor taken away, the socket closed. The doc stays. */
  destroy(): void {
    if (this.#destroyed) {
      return;
    }
    this.#destroyed = true;
    this.doc.off("update", this.#onDocUpdate);
    this.#localUpdates.flush();
    this.#awarenessChannel.leave();
    this.#awarenessChannel.destroy();
    this.#connection.stop();
    this.#localUpdates.hold();
    this.#remoteUpdates.destroy();
    this.#clearTimers();
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
        this.#unsaved.settle(message.fromCseq, message.cseq);
        this.#watchAcks();
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
      case "pong":
        break;
      default:
        message satisfies never;
    }
  }

  #onWelcome(welcome: Welcome): void {
    this.#connectivity = "welcomed";
    this.#role = welcome.role;
    this.#readOnly = false;
    if (this.#problem?.code === "read_only") {
      this.#problem = null;
    }
    this.#maxFrameBytes = welcome.maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
    // A copy of another incarnation is told by its own epoch: the server then refuses it.
    if (this.#epoch === null && welcome.epoch !== null) {
      this.#epoch = welcome.epoch;
      this.#options.onEpoch?.(welcome.epoch);
    }
    this.#cseq = 0;
    this.#awarenessChannel.open();
    this.#requestSync();
    this.#refresh();
  }

  #requestSync(): void {
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
      this.#sendMissing(findMissing(this.doc, message.stateVector, message.update));
    }
    this.#refresh();
  }

  #sendMissing(missing: Uint8Array | null): void {
    if (this.#problem !== null || this.#uploading) {
      // Nothing more is taken from this copy; or: the end of the upload asks again.
      return;
    }
    if (!this.#mayEdit()) {
      this.#localUpdates.hold();
      if (missing === null) {
        this.#unsaved.clearWaiting();
      } else if (this.#unsaved.count > 0) {
        this.#problem = { code: "read_only", detail: "You may no longer edit this document." };
      } else {
        this.#options.onStale?.();
      }
      return;
    }
    this.#localUpdates.drop();
    this.#localUpdates.release();
    if (missing !== null || !this.#unsaved.isEmpty) {
      // The server may hold our changes and not have committed them: it acknowledges an empty
      // update only after everything before it.
      this.#transmit(missing ?? EMPTY_UPDATE, true);
    }
  }

  /** Sends an update; `coversAll` when it holds whatever else is not acknowledged yet. */
  #transmit(update: Uint8Array, coversAll: boolean): void {
    const isLarge = updateFrameBytes(update.length) > this.#maxFrameBytes;
    if (isLarge && this.#options.upload !== undefined) {
      this.#uploadUpdate(update, this.#options.upload);
    } else {
      this.#cseq += 1;
      if (coversAll) {
        this.#unsaved.sendAll(this.#cseq);
      } else {
        this.#unsaved.send(this.#cseq);
      }
      this.#connection.send({ type: "update", cseq: this.#cseq, update });
      if (this.#ackTimer === null) {
        this.#watchAcks();
      }
    }
    this.#refresh();
  }

  /** What is typed meanwhile builds on what is on its way here, so it waits for the end of it. */
  #uploadUpdate(update: Uint8Array, upload: Upload): void {
    this.#uploading = true;
    this.#localUpdates.hold();
    upload(update).then(
      () => this.#endUpload(null),
      (error: unknown) => this.#endUpload(error),
    );
  }

  #endUpload(error: unknown): void {
    this.#uploading = false;
    if (this.#destroyed) {
      return;
    }
    if (error instanceof UploadError && error.isFinal) {
      this.#reportProblem({ code: error.code, detail: error.message });
    } else if (error !== null) {
      this.#syncLater(UPLOAD_RETRY_MS);
    } else if (this.#connectivity === "synced") {
      this.#requestSync();
    }
    this.#refresh();
  }

  #syncLater(milliseconds: number): void {
    this.#localUpdates.hold();
    this.#unsaved.loseConnection();
    if (this.#retryTimer !== null) {
      this.#environment.clearTimer(this.#retryTimer);
    }
    this.#retryTimer = this.#environment.setTimer(() => {
      this.#retryTimer = null;
      if (this.#connectivity === "synced") {
        this.#requestSync();
      }
    }, milliseconds);
  }

  #onRole(role: NonNullable<ProviderStatus["role"]>): void {
    const couldEdit = this.#mayEdit();
    this.#role = role;
    this.#readOnly = false;
    if (isEditingRole(role) && this.#problem?.code === "read_only") {
      this.#problem = null;
    }
    if (couldEdit !== this.#mayEdit() && this.#connectivity === "synced") {
      // Its answer tells what of ours got in before, or is welcome from now on.
      this.#localUpdates.hold();
      this.#requestSync();
    }
    this.#refresh();
  }

  #onError(error: ServerError): void {
    if (error.code === "rate_limited") {
      const retryMs = error.retryMs ?? 1000;
      if (error.cseq === null) {
        this.#awarenessChannel.pause(retryMs);
      } else {
        this.#syncLater(retryMs);
      }
    } else if (error.cseq === null) {
      console.warn(`The server answered ${error.code}: ${error.detail}`);
    } else if (error.code === "read_only") {
      this.#readOnly = true;
      this.#reportProblem({ code: error.code, detail: error.detail });
    } else {
      this.#reportProblem({ code: error.code, detail: error.detail });
    }
    this.#refresh();
  }

  /** An update of ours was refused: this copy has something that the document will never have. */
  #reportProblem(problem: Problem): void {
    this.#localUpdates.hold();
    const holdsOwnChanges = this.#unsaved.count > 0;
    this.#unsaved.loseConnection();
    this.#watchAcks();
    if (holdsOwnChanges) {
      this.#problem ??= problem;
    } else {
      this.#options.onStale?.();
    }
  }

  #onDown(): void {
    this.#connectivity = "offline";
    this.#localUpdates.hold();
    this.#remoteUpdates.flush();
    this.#awarenessChannel.close();
    this.#roster.clear();
    this.#unsaved.loseConnection();
    this.#clearTimers();
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
    if (origin === this) {
      return;
    }
    // What is not local was read from the copy on this device; a difference covers it, or, when it
    // comes late, it is sent like an edit.
    if (transaction.local) {
      this.#unsaved.add(1);
    }
    this.#localUpdates.push(update);
    this.#refresh();
  };

  #mayEdit(): boolean {
    return isEditingRole(this.#role) && !this.#readOnly;
  }

  /** Starts the wait for an acknowledgement anew, or ends it. */
  #watchAcks(): void {
    if (this.#ackTimer !== null) {
      this.#environment.clearTimer(this.#ackTimer);
      this.#ackTimer = null;
    }
    if (this.#unsaved.inFlight) {
      this.#ackTimer = this.#environment.setTimer(() => {
        this.#ackTimer = null;
        this.#connection.restart();
      }, ACK_WITHIN_MS);
    }
  }

  #clearTimers(): void {
    for (const timer of [this.#ackTimer, this.#retryTimer]) {
      if (timer !== null) {
        this.#environment.clearTimer(timer);
      }
    }
    this.#ackTimer = null;
    this.#retryTimer = null;
  }

  #refresh(): void {
    const refused = this.#refusal !== null || this.#problem !== null;
    const status: ProviderStatus = {
      state: this.#saveState(refused),
      synced: this.#everSynced,
      role: this.#role,
      canEdit: this.#mayEdit() && !refused,
      unsavedChanges: this.#unsaved.count,
      problem: this.#problem,
      refusal: this.#refusal,
    };
    if (!equalStatus(status, this.status.get())) {
      this.status.set(status);
    }
  }

  #saveState(refused: boolean): ProviderStatus["state"] {
    if (refused) {
      return "refused";
    }
    switch (this.#connectivity) {
      case "offline":
        return "offline";
      case "connecting":
      case "welcomed":
        return "connecting";
      case "synced":
        return this.#unsaved.isEmpty && !this.#uploading ? "saved" : "saving";
    }
  }
}
