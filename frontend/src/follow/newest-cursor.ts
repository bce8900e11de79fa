import type { Awareness } from "y-protocols/awareness";
import { hasDrawableCursor } from "../editor/shared-cursor";
import type { User } from "../provider";

/** Where somebody's cursor is that moved last, of all their tabs. */
export function newestCursorOf(
  awareness: Awareness,
  { username, name }: User,
): { client: number; place: string } | null {
  let newest: { client: number; place: string; at: number } | null = null;
  for (const [client, state] of awareness.getStates()) {
    if (client === awareness.clientID || !hasDrawableCursor(state)) {
      continue;
    }
    const user = ((state as { user?: unknown }).user ?? {}) as {
      username?: unknown;
      name?: unknown;
    };
    const isTheirs = username === null ? user.name === name : user.username === username;
    const at = awareness.meta.get(client)?.lastUpdated ?? 0;
    if (isTheirs && (newest === null || at > newest.at)) {
      newest = { client, place: `${client} ${JSON.stringify(state.cursor)}`, at };
    }
  }
  return newest;
}
