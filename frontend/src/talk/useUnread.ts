import { useEffect, useState } from "react";
import { useVisitor } from "../app/session";
import type { useMessages } from "../live/useLiveList";

/** How much others have said since one looked last; on this device, which remembers that. */
export function useUnread(
  documentId: string,
  { data }: ReturnType<typeof useMessages>,
  isShown: boolean,
): number {
  const me = useVisitor();
  const place = `collab:chat-seen:${me?.username ?? ""}:${documentId}`;
  const [seen, setSeen] = useState(() => Number(localStorage.getItem(place) ?? 0));
  const messages = data?.pages[0]?.results ?? [];
  const newest = messages[0]?.id ?? 0;
  useEffect(() => {
    if (isShown && newest > seen) {
      localStorage.setItem(place, String(newest));
      setSeen(newest);
    }
  }, [isShown, newest, seen, place]);
  return messages.filter(
    ({ id, user }) => id > seen && (user === null || user.username !== me?.username),
  ).length;
}
