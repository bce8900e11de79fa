import type { PresenceEntry } from "../provider";

export interface PersonHere {
  id: string;
  username: string | null;
  name: string;
}

/** Each person once, by time of joining; visitors without an account are one each. */
export function listPeople(entries: readonly PresenceEntry[]): PersonHere[] {
  const people = new Map<string, PersonHere>();
  for (const { connection, user } of entries) {
    const id = user.username ?? connection;
    if (!people.has(id)) {
      people.set(id, { id, username: user.username, name: user.name });
    }
  }
  return [...people.values()];
}
