import { queryOptions } from "@tanstack/react-query";
import { request } from "./http";
import type { Notification, NotificationPage } from "./types";

export const notificationsQuery = queryOptions({
  queryKey: ["notifications"],
  queryFn: ({ signal }) => request<NotificationPage>("/notifications/", { signal }),
});

export function markRead(id: number): Promise<Notification> {
  return request(`/notifications/${id}/`, { method: "PATCH", json: { read: true } });
}

export function markAllRead(): Promise<{ unread: number }> {
  return request("/notifications/", { method: "PATCH", json: { read: true } });
}
