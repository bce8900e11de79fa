import * as Y from "yjs";

/** An update that changes nothing, `AAA=`. The server answers it once all before it is committed. */
export const EMPTY_UPDATE = new Uint8Array([0, 0]);

/**
 * What `doc` has and the server lacks, as an update, or `null` when that is nothing.
 *
 * `stateVector` and `update` are those of a `sync` message, and `update` is already applied.
 * Deletions are not in a state vector, and every update carries the whole delete set; so the
 * server's is taken from its update, and only a document that deleted more than that has news.
 */
export function findMissing(
  doc: Y.Doc,
  stateVector: Uint8Array,
  update: Uint8Array,
): Uint8Array | null {
  if (!hasNewerStructs(doc, stateVector) && !hasMoreDeletions(doc, update)) {
    return null;
  }
  return Y.encodeStateAsUpdate(doc, stateVector);
}

function hasNewerStructs(doc: Y.Doc, stateVector: Uint8Array): boolean {
  // Parts that wait for a predecessor are not in the store, and the server may lack them too.
  if (doc.store.pendingStructs !== null) {
    return true;
  }
  const known = Y.decodeStateVector(stateVector);
  for (const [client, structs] of doc.store.clients) {
    const last = structs.at(-1);
    if (last !== undefined && last.id.clock + last.length > (known.get(client) ?? 0)) {
      return true;
    }
  }
  return false;
}

function hasMoreDeletions(doc: Y.Doc, update: Uint8Array): boolean {
  if (doc.store.pendingDs !== null) {
    return true;
  }
  const ours = Y.createDeleteSetFromStructStore(doc.store);
  const theirs = Y.mergeDeleteSets([Y.decodeUpdate(update).ds]);
  return !Y.equalDeleteSets(ours, theirs);
}
