import { queryOptions } from "@tanstack/react-query";
import type { Role } from "../provider";
import { request } from "./http";
import type { DocumentInfo, DocumentLink, Invitation, Page, ReceivedInvitation } from "./types";

export function linkQuery(id: string) {
  return queryOptions({
    queryKey: ["link", id],
    queryFn: ({ signal }) => request<DocumentLink>(`/documents/${id}/link/`, { signal }),
  });
}

export function changeLink(id: string, link: DocumentLink): Promise<DocumentLink> {
  return request(`/documents/${id}/link/`, { method: "PUT", json: link });
}

export function invitationsQuery(id: string) {
  return queryOptions({
    queryKey: ["invitations", id],
    queryFn: ({ signal }) => request<Page<Invitation>>(`/documents/${id}/invitations/`, { signal }),
    select: (page) => page.results,
  });
}

export function invite(id: string, email: string, role: Role): Promise<Invitation> {
  return request(`/documents/${id}/invitations/`, { method: "POST", json: { email, role } });
}

export function withdrawInvitation(id: string, invitation: string): Promise<void> {
  return request(`/documents/${id}/invitations/${invitation}/`, { method: "DELETE" });
}

export function receivedInvitationQuery(token: string) {
  return queryOptions({
    queryKey: ["received invitation", token],
    queryFn: ({ signal }) => request<ReceivedInvitation>(invitationPath(token), { signal }),
  });
}

export function acceptInvitation(token: string): Promise<DocumentInfo> {
  return request(`${invitationPath(token)}accept/`, { method: "POST" });
}

function invitationPath(token: string): string {
  return `/invitations/${encodeURIComponent(token)}/`;
}
