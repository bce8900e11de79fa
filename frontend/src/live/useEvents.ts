import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { documentQuery, invalidateLists } from "../api/documents";
import { notificationsQuery } from "../api/notifications";
import { EventSocket } from "../provider";
import { socketUrl } from "./socket-url";

/** How often REST is asked while no events come. */
const POLL_MS = 30_000;

/** Keeps what concerns the signed-in person up to date: their documents and notifications. */
export function useEvents(username: string | null): void {
  const client = useQueryClient();
  useEffect(() => {
    if (username === null) {
      return;
    }
    let timer = setInterval(() => refresh(client), POLL_MS);
    const socket = new EventSocket({
      url: socketUrl("/ws/events/"),
      topics: ["documents", "notifications"],
      onOpen: () => {
        clearInterval(timer);
        refresh(client);
      },
      onDown: () => {
        clearInterval(timer);
        timer = setInterval(() => refresh(client), POLL_MS);
      },
      onEvent: ({ topic, event }) => {
        if (topic === "documents") {
          void invalidateLists(client);
          void client.invalidateQueries({ queryKey: documentQuery(String(event.id)).queryKey });
        } else {
          void client.invalidateQueries({ queryKey: notificationsQuery.queryKey });
        }
      },
    });
    socket.connect();
    return () => {
      clearInterval(timer);
      socket.destroy();
    };
  }, [client, username]);
}

/** What is on the page is asked for at once; the rest when it is shown. */
function refresh(client: QueryClient): void {
  void invalidateLists(client);
  void client.invalidateQueries({ queryKey: notificationsQuery.queryKey });
}
