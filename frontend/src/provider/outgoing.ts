import type { Connection } from "./connection";
import { EMPTY_UPDATE } from "./difference";
import type { Environment, TimerId } from "./environment";
import { LocalUpdates } from "./local-updates";
import { updateFrameBytes } from "./messages";
import type { Problem } from "./status";
import { UnsavedChanges } from "./unsaved";
import { type Upload, UploadError } from "./upload";

/** A server that is alive but acknowledges nothing for so long is tried again from the start. */
const ACK_WITHIN_MS = 60_000;
const UPLOAD_RETRY_MS = 5_000;
const DEFAULT_MAX_FRAME_BYTES = 16 * 1024 * 1024;

interface OutgoingOptions {
  environment: Environment;
  connection: Connection;
  upload: Upload | undefined;
  /** Changes that were not acknowledged to an earlier page. */
  unsavedChanges: number;
  /** What is unsaved, or on its way, is different now. */
  onChange(): void;
  /** Only a fresh `sync` can tell what the server still lacks. */
  onSyncNeeded(): void;
  /** The upload of an update was refused for good. */
  onRefused(problem: Problem): void;
}

/**
 * What goes from the copy in this page to the server, and what of it is not acknowledged.
 *
 * Held until a `sync` was answered; then local updates leave as they come, and each further `sync`
 * is answered with the whole difference, which covers all that is still on its way.
 */
export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #unsaved: UnsavedChanges;
  readonly #localUpdates: LocalUpdates;
  #maxFrameBytes = DEFAULT_MAX_FRAME_BYTES;
  #cseq = 0;
  #uploading = false;
  #ackTimer: TimerId | null = null;
  #retryTimer: TimerId | null = null;
  #ended = false;

  constructor(options: OutgoingOptions) {
    this.#options = options;
    this.#unsaved = new UnsavedChanges(options.unsavedChanges);
    this.#localUpdates = new LocalUpdates({
      environment: options.environment,
      isInFlight: () => this.#unsaved.inFlight,
      bufferedBytes: () => options.connection.bufferedBytes,
      transmit: (update) => this.#transmit(update, false),
    });
  }

  /** Edits of this person that are not known to be committed. */
  get unsavedChanges(): number {
    return this.#unsaved.count;
  }

  /** Whether the server has acknowledged all that was to be sent. */
  get isSettled(): boolean {
    return this.#unsaved.isEmpty && !this.#uploading;
  }

  /** A local update; `isOwnChange` unless it was read from the copy on this device. */
  push(update: Uint8Array, isOwnChange: boolean): void {
    if (isOwnChange) {
      this.#unsaved.add(1);
    }
    this.#localUpdates.push(update);
  }

  /** A new connection: updates are counted from one again. */
  begin(maxFrameBytes: number | null): void {
    this.#cseq = 0;
    this.#maxFrameBytes = maxFrameBytes ?? DEFAULT_MAX_FRAME_BYTES;
  }

  /** Answers a `sync` with what the server lacks, and lets further updates leave. */
  answer(missing: Uint8Array | null): void {
    if (this.#uploading) {
      // The end of the upload asks for another.
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

  acknowledge(fromCseq: number, cseq: number): void {
    this.#unsaved.settle(fromCseq, cseq);
    this.#watchAcks();
  }

  /** Nothing leaves until the next `sync` is answered. */
  hold(): void {
    this.#localUpdates.hold();
  }

  /** The server has all that is here, though this copy may not send. */
  settleUnsent(): void {
    this.#unsaved.clearWaiting();
  }

  /** What is on its way will not be acknowledged: the connection is gone, or an update refused. */
  giveUp(): void {
    this.hold();
    this.#unsaved.loseConnection();
    this.#clearTimers();
  }

  /** Holds everything for a while, then asks what the server lacks. */
  retryLater(milliseconds: number): void {
    this.giveUp();
    this.#retryTimer = this.#options.environment.setTimer(() => {
      this.#retryTimer = null;
      this.#options.onSyncNeeded();
    }, milliseconds);
  }

  /** Sends what is waiting, and ends. */
  end(): void {
    this.#ended = true;
    this.#localUpdates.flush();
    this.hold();
    this.#clearTimers();
  }

  /** Sends an update; `coversAll` when it holds whatever else is not acknowledged yet. */
  #transmit(update: Uint8Array, coversAll: boolean): void {
    const { connection, upload, onChange } = this.#options;
    if (updateFrameBytes(update.length) > this.#maxFrameBytes && upload !== undefined) {
      this.#upload(update, upload);
    } else {
      this.#cseq += 1;
      if (coversAll) {
        this.#unsaved.sendAll(this.#cseq);
      } else {
        this.#unsaved.send(this.#cseq);
      }
      connection.send({ type: "update", cseq: this.#cseq, update });
      if (this.#ackTimer === null) {
        this.#watchAcks();
      }
    }
    onChange();
  }

  /** What is typed meanwhile builds on what is on its way here, so it waits for the end of it. */
  #upload(update: Uint8Array, upload: Upload): void {
    this.#uploading = true;
    this.hold();
    upload(update).then(
      () => this.#endUpload(null),
      (error: unknown) => this.#endUpload(error),
    );
  }

  #endUpload(error: unknown): void {
    this.#uploading = false;
    if (this.#ended) {
      return;
    }
    if (error instanceof UploadError && error.isFinal) {
      this.#options.onRefused({ code: error.code, detail: error.message });
    } else if (error !== null) {
      this.retryLater(UPLOAD_RETRY_MS);
    } else {
      this.#options.onSyncNeeded();
    }
    this.#options.onChange();
  }

  /** Starts the wait for an acknowledgement anew, or ends it. */
  #watchAcks(): void {
    const { environment, connection } = this.#options;
    if (this.#ackTimer !== null) {
      environment.clearTimer(this.#ackTimer);
      this.#ackTimer = null;
    }
    if (this.#unsaved.inFlight) {
      this.#ackTimer = environment.setTimer(() => {
        this.#ackTimer = null;
        connection.restart();
      }, ACK_WITHIN_MS);
    }
  }

  #clearTimers(): void {
    for (const timer of [this.#ackTimer, this.#retryTimer]) {
      if (timer !== null) {
        this.#options.environment.clearTimer(timer);
      }
    }
    this.#ackTimer = null;
    this.#retryTimer = null;
  }
}
