/** Cursors as editors share them in the awareness, in the form of y-prosemirror and y-codemirror. */
export interface SharedCursor {
  anchor: unknown;
  head: unknown;
}

/**
 * Whether a state of the awareness holds a cursor that can be drawn. Anybody who may open the
 * document can say anything there, and the libraries throw at what they do not expect: one such
 * state would stop every editor that sees it.
 */
export function hasDrawableCursor(state: unknown): state is { cursor: SharedCursor } {
  if (!isRecord(state) || !(state.user === undefined || isRecord(state.user))) {
    return false;
  }
  const { cursor } = state;
  return isRecord(cursor) && isPosition(cursor.anchor) && isPosition(cursor.head);
}

/** A relative position of Yjs as JSON: in an item, or at an end of a type. */
function isPosition(value: unknown): boolean {
  if (!isRecord(value)) {
    return false;
  }
  const { item, type, tname } = value;
  const isWellFormed =
    (item == null || isId(item)) &&
    (type == null || isId(type)) &&
    (tname == null || typeof tname === "string") &&
    (value.assoc == null || typeof value.assoc === "number");
  return isWellFormed && (item != null || type != null || tname != null);
}

function isId(value: unknown): boolean {
  return isRecord(value) && isCount(value.client) && isCount(value.clock);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
