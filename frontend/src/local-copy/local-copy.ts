import { clearDocument, IndexeddbPersistence } from "y-indexeddb";
import type * as Y from "yjs";
import type { Epoch } from "../provider";
import { dropMarksExcept, readUnsavedMark, writeUnsavedMark } from "./unsaved-mark";

const PREFIX = "collab:copy:";
const LOAD_WITHIN_MS = 1500;

const databaseName = (username: string, documentId: string) => `${PREFIX}${username}:${documentId}`;

/**
 * The copy of a document on this device: what was typed without a connection survives a reload.
 * Kept per person, and dropped when another one signs in.
 */
export class LocalCopy {
  readonly #username: string;
  readonly #documentId: string;
  #persistence: IndexeddbPersistence | null;
  /** The incarnation of the document that the copy is of; `null` for an empty copy. */
  readonly epoch: Epoch | null;
  /** Edits in the copy that no page has seen acknowledged. */
  readonly unsavedChanges: number;

  private constructor(
    username: string,
    documentId: string,
    persistence: IndexeddbPersistence | null,
    epoch: Epoch | null,
    unsavedChanges: number,
  ) {
    this.#username = username;
    this.#documentId = documentId;
    this.#persistence = persistence;
    this.epoch = epoch;
    this.unsavedChanges = unsavedChanges;
    // Another page of this person signs out, or the browser clears its storage: the database is
    // closed under us. The library would throw at each edit from then on, before the provider
    // hears of it: an edit that is never sent, on a page that says "saved".
    for (const gone of ["versionchange", "close"]) {
      persistence?.db?.addEventListener(gone, () => void this.#stop());
    }
  }

  /** Reads the copy into `doc`, and keeps it up to date from then on. */
  static async open(username: string, documentId: string, doc: Y.Doc): Promise<LocalCopy> {
    const persistence = await load(databaseName(username, documentId), doc);
    const isEmpty = doc.store.clients.size === 0;
    const epoch: unknown = isEmpty ? null : await persistence?.get("epoch").catch(() => null);
    return new LocalCopy(
      username,
      documentId,
      persistence,
      typeof epoch === "number" ? epoch : null,
      isEmpty ? 0 : readUnsavedMark(username, documentId),
    );
  }

  /** Whether what is typed stays on the device; not so where the browser keeps nothing. */
  get isKept(): boolean {
    return this.#persistence !== null;
  }

  keepEpoch(epoch: Epoch): void {
    this.#persistence?.set("epoch", epoch).catch(() => undefined);
  }

  /** Says what is not acknowledged, for the next page that opens this copy. */
  markUnsaved(changes: number): void {
    if (this.#persistence !== null) {
      writeUnsavedMark(this.#username, this.#documentId, changes);
    }
  }

  /** Stops keeping the copy; it stays on the device. */
  async close(): Promise<void> {
    await this.#persistence?.destroy().catch(() => undefined);
  }

  /** From here on nothing is kept. */
  async #stop(): Promise<void> {
    const closed = this.close();
    this.#persistence = null;
    await closed;
  }

  /** Takes the copy off the device. */
  async drop(): Promise<void> {
    writeUnsavedMark(this.#username, this.#documentId, 0);
    await this.#stop();
    await clearDocument(databaseName(this.#username, this.#documentId)).catch(() => undefined);
  }
}

/** Takes the copies of everybody but `username` off this device. */
export async function dropCopiesExcept(username: string | null): Promise<void> {
  dropMarksExcept(username);
  if (!("indexedDB" in window) || indexedDB.databases === undefined) {
    return;
  }
  const databases = await indexedDB.databases().catch(() => []);
  for (const { name } of databases) {
    const isCopy = name?.startsWith(PREFIX) ?? false;
    if (isCopy && (username === null || !name?.startsWith(databaseName(username, "")))) {
      indexedDB.deleteDatabase(name as string);
    }
  }
}

/** `null` where the browser keeps nothing, as in some private windows. */
async function load(name: string, doc: Y.Doc): Promise<IndexeddbPersistence | null> {
  if (!("indexedDB" in window)) {
    return null;
  }
  const persistence = new IndexeddbPersistence(name, doc);
  const loaded = await Promise.race([
    persistence.whenSynced.then(() => true),
    // The library tells of a database that does not open by this promise alone.
    persistence._db.then(
      () => new Promise<boolean>((resolve) => setTimeout(resolve, LOAD_WITHIN_MS, false)),
      () => false,
    ),
  ]);
  if (loaded) {
    return persistence;
  }
  persistence.destroy().catch(() => undefined);
  return null;
}
