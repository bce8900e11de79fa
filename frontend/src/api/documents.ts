import { infiniteQueryOptions, type QueryClient, queryOptions } from "@tanstack/react-query";
import { type Upload, UploadError } from "../provider";
import { ApiError, apiUrl, pathOfNext, request, requestText } from "./http";
import type {
  DocumentInfo,
  DocumentKind,
  ExportFormat,
  Member,
  Ordering,
  Page,
  Scope,
  Version,
} from "./types";

export interface ListFilter {
  q: string;
  scope: Scope;
  ordering: Ordering;
}

function pagedQuery(key: readonly unknown[], firstPath: string) {
  return infiniteQueryOptions({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => request<Page<DocumentInfo>>(pageParam, { signal }),
    initialPageParam: firstPath,
    getNextPageParam: (page) => (page.next === null ? null : pathOfNext(page.next)),
  });
}

export function documentsQuery(filter: ListFilter) {
  const parameters = new URLSearchParams({ scope: filter.scope, ordering: filter.ordering });
  if (filter.q !== "") {
    parameters.set("q", filter.q);
  }
  return pagedQuery(["documents", filter], `/documents/?${parameters}`);
}

export const trashQuery = pagedQuery(["trash"], "/documents/trash/");

export function documentQuery(id: string) {
  return queryOptions({
    queryKey: ["document", id],
    queryFn: ({ signal }) => request<DocumentInfo>(`/documents/${id}/`, { signal }),
  });
}

export function membersQuery(id: string) {
  return queryOptions({
    queryKey: ["members", id],
    queryFn: ({ signal }) => request<Page<Member>>(`/documents/${id}/members/`, { signal }),
    select: (page) => page.results,
  });
}

export function versionsQuery(id: string) {
  return queryOptions({
    queryKey: ["versions", id],
    queryFn: ({ signal }) => request<Page<Version>>(`/documents/${id}/versions/`, { signal }),
    select: (page) => page.results,
  });
}

/** What a list or an open document shows may be different now. */
export async function invalidateLists(client: QueryClient): Promise<void> {
  await Promise.all([
    client.invalidateQueries({ queryKey: ["documents"] }),
    client.invalidateQueries({ queryKey: ["trash"] }),
  ]);
}

export function createDocument(document: {
  title: string;
  kind: DocumentKind;
}): Promise<DocumentInfo> {
  return request("/documents/", { method: "POST", json: document });
}

export function renameDocument(id: string, title: string): Promise<DocumentInfo> {
  return request(`/documents/${id}/`, { method: "PATCH", json: { title } });
}

export function duplicateDocument(id: string): Promise<DocumentInfo> {
  return request(`/documents/${id}/duplicate/`, { method: "POST", json: {} });
}

export function trashDocument(id: string): Promise<void> {
  return request(`/documents/${id}/`, { method: "DELETE" });
}

export function untrashDocument(id: string): Promise<DocumentInfo> {
  return request(`/documents/${id}/untrash/`, { method: "POST", json: {} });
}

export function purgeDocument(id: string): Promise<void> {
  return request(`/documents/${id}/purge/`, { method: "DELETE" });
}

export function addMember(id: string, username: string, role: Member["role"]): Promise<Member> {
  return request(`/documents/${id}/members/`, { method: "POST", json: { user: username, role } });
}

export function changeMember(id: string, username: string, role: Member["role"]): Promise<Member> {
  return request(memberPath(id, username), { method: "PATCH", json: { role } });
}

export function removeMember(id: string, username: string): Promise<void> {
  return request(memberPath(id, username), { method: "DELETE" });
}

export function keepVersion(id: string, label: string): Promise<Version> {
  return request(`/documents/${id}/versions/`, { method: "POST", json: { label } });
}

export function restoreVersion(id: string, version: number): Promise<{ seq: number }> {
  return request(`/documents/${id}/versions/${version}/restore/`, { method: "POST", json: {} });
}

export function exportUrl(id: string, format: ExportFormat, version?: number): string {
  return apiUrl(exportPath(id, format, version));
}

/** The document as the server has it, as a web page of its own. */
export function readablePageQuery(id: string) {
  return queryOptions({
    queryKey: ["readable", id],
    queryFn: ({ signal }) => requestText(exportPath(id, "html"), signal),
    staleTime: 0,
  });
}

function exportPath(id: string, format: ExportFormat, version?: number): string {
  const parameters = new URLSearchParams({ format });
  if (version !== undefined) {
    parameters.set("version", String(version));
  }
  return `/documents/${id}/export/?${parameters}`;
}

/** How the provider sends what is too large for a frame. */
export function uploadTo(id: string): Upload {
  return async (update) => {
    try {
      await request(`/documents/${id}/updates/`, { method: "POST", bytes: update });
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) {
        const mayPass = error.status === 408 || error.status === 409 || error.status === 429;
        const code = error.status === 413 ? "too_large" : "bad_update";
        throw new UploadError(code, error.message, !mayPass);
      }
      throw error;
    }
  };
}

function memberPath(id: string, username: string): string {
  return `/documents/${id}/members/${encodeURIComponent(username)}/`;
}
