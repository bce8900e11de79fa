import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { pathOfNext, request } from "./http";
import type { ChatMessage, Comment, Page, RelativeRange, Thread } from "./types";

export function threadsQuery(id: string) {
  return queryOptions({
    queryKey: ["threads", id],
    queryFn: ({ signal }) => request<Page<Thread>>(`/documents/${id}/threads/`, { signal }),
    select: (page) => page.results,
  });
}

/** What is said in the chat, the newest first. */
export function messagesQuery(id: string) {
  return infiniteQueryOptions({
    queryKey: ["messages", id],
    queryFn: ({ pageParam, signal }) => request<Page<ChatMessage>>(pageParam, { signal }),
    initialPageParam: `/documents/${id}/messages/`,
    getNextPageParam: (page) => (page.next === null ? null : pathOfNext(page.next)),
  });
}

export function postMessage(id: string, text: string): Promise<ChatMessage> {
  return request(`/documents/${id}/messages/`, { method: "POST", json: { text } });
}

export function startThread(id: string, relative: RelativeRange, text: string): Promise<Thread> {
  return request(`/documents/${id}/threads/`, {
    method: "POST",
    json: { anchor: { relative }, text },
  });
}

export function replyTo(id: string, thread: number, text: string): Promise<Comment> {
  return request(`${threadPath(id, thread)}comments/`, { method: "POST", json: { text } });
}

export function editComment(
  id: string,
  thread: number,
  comment: number,
  text: string,
): Promise<Comment> {
  return request(`${threadPath(id, thread)}comments/${comment}/`, {
    method: "PATCH",
    json: { text },
  });
}

export function deleteComment(id: string, thread: number, comment: number): Promise<void> {
  return request(`${threadPath(id, thread)}comments/${comment}/`, { method: "DELETE" });
}

export function resolveThread(id: string, thread: number): Promise<Thread> {
  return request(`${threadPath(id, thread)}resolve/`, { method: "POST" });
}

export function reopenThread(id: string, thread: number): Promise<Thread> {
  return request(`${threadPath(id, thread)}reopen/`, { method: "POST" });
}

function threadPath(id: string, thread: number): string {
  return `/documents/${id}/threads/${thread}/`;
}
