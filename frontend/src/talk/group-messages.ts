import type { ChatMessage } from "../api/types";

export interface Said {
  /** The first message's id. */
  id: number;
  user: ChatMessage["user"];
  at: string;
  messages: ChatMessage[];
}

/** After such a pause somebody's next words stand under a time of their own. */
const PAUSE_MS = 5 * 60_000;

/** Messages, the newest first, as they are read: what one says in a row is one block. */
export function groupMessages(newestFirst: readonly ChatMessage[]): Said[] {
  const blocks: Said[] = [];
  for (const message of newestFirst.toReversed()) {
    const last = blocks.at(-1);
    const previous = last?.messages.at(-1);
    const isSame =
      last !== undefined &&
      previous !== undefined &&
      last.user?.username === message.user?.username &&
      Date.parse(message.at) - Date.parse(previous.at) < PAUSE_MS;
    if (isSame) {
      last.messages.push(message);
    } else {
      blocks.push({ id: message.id, user: message.user, at: message.at, messages: [message] });
    }
  }
  return blocks;
}
