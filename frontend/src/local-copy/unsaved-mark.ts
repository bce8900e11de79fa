/**
 * Remembers which local copies hold edits that the server has not acknowledged.
 *
 * In localStorage and not beside the copy itself: it is written while a page goes away, and read
 * for all documents at once when somebody signs out.
 */

const PREFIX = "collab:unsaved:";

const keyOf = (username: string, documentId: string) => `${PREFIX}${username}:${documentId}`;

/** How many edits of an earlier page were not acknowledged; 0 when all were. */
export function readUnsavedMark(username: string, documentId: string): number {
  try {
    return Number(localStorage.getItem(keyOf(username, documentId))) || 0;
  } catch {
    return 0;
  }
}

export function writeUnsavedMark(username: string, documentId: string, changes: number): void {
  try {
    if (changes > 0) {
      localStorage.setItem(keyOf(username, documentId), String(changes));
    } else {
      localStorage.removeItem(keyOf(username, documentId));
    }
  } catch {
    // Storage is blocked or full; then there is no local copy either.
  }
}

/** How many documents have unsaved edits of this person on this device. */
export function countUnsavedCopies(username: string): number {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(keyOf(username, ""))).length;
  } catch {
    return 0;
  }
}

/** Forgets the marks of everybody but `username`. */
export function dropMarksExcept(username: string | null): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (key.startsWith(PREFIX) && (username === null || !key.startsWith(keyOf(username, "")))) {
        localStorage.removeItem(key);
      }
    }
  } catch {
    // Nothing is stored where nothing may be.
  }
}
