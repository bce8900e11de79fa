import type { PresenceEntry } from "../provider";

export interface PersonHere {
  id: string;
  username: string | null;
  name: string;
  isMe: boolean;
}

/** Each person once, by time of joining; visitors without an account are one each. */
export function listPeople(
  entries: readonly PresenceEntry[],
  connection: string | null = null,
): PersonHere[] {
  const people = new Map<string, PersonHere>();
  for (const entry of entries) {
    const { username, name } = entry.user;
    const id = username ?? entry.connection;
    const isMe = entry.connection === connection;
    const known = people.get(id);
    if (known === undefined) {
      people.set(id, { id, username, name, isMe });
    } else if (isMe) {
      people.set(id, { ...known, isMe });
    }
  }
  return [...people.values()];
}
