/** The shapes of the REST API, as far as the pages read them. */
import type { Role } from "../provider";

export interface Person {
  username: string;
  name: string;
}

export type DocumentKind = "richtext" | "text";

export type Ability =
  | "read"
  | "export"
  | "duplicate"
  | "comment"
  | "resolve_any"
  | "edit"
  | "create_version"
  | "restore_version"
  | "rename"
  | "manage_members"
  | "moderate"
  | "trash"
  | "purge";

/** A document as the person who asks has it. */
export interface DocumentInfo {
  id: string;
  title: string;
  kind: DocumentKind;
  /** Name of the shared type that holds the content. */
  root: string;
  role: Role;
  /** What they may do; an ability that the server does not name is none. */
  abilities: Partial<Record<Ability, boolean>>;
  owner: Person | null;
  head_seq: number;
  created_at: string;
  updated_at: string;
  trashed_at: string | null;
}

export interface Page<T> {
  results: T[];
  next: string | null;
}

export interface Member {
  user: Person;
  role: Role;
  since: string;
}

export interface Version {
  id: number;
  seq: number;
  label: string;
  author: Person | null;
  created_at: string;
}

export type LinkReach = "restricted" | "signed_in" | "anyone";

/** Whom a document's address lets in, beside its members. */
export interface DocumentLink {
  reach: LinkReach;
  role: Role;
  /** `null`: for ever. */
  expires_at: string | null;
}

export interface Invitation {
  id: string;
  email: string;
  role: Role;
  inviter: Person | null;
  created_at: string;
  /** `null` when the mail could not be sent. */
  sent_at: string | null;
  expires_at: string;
}

/** An invitation as whoever holds its link sees it. */
export interface ReceivedInvitation {
  document: { id: string; title: string };
  email: string;
  role: Role;
  inviter: Person | null;
  expires_at: string;
}

export interface Comment {
  id: number;
  /** `null` for a guest. */
  author: Person | null;
  text: string;
  at: string;
  edited_at: string | null;
}

/** Two Yjs relative positions as JSON. */
export interface RelativeRange {
  start: unknown;
  end: unknown;
}

export interface Thread {
  id: number;
  author: Person | null;
  resolved: boolean;
  resolved_by: Person | null;
  resolved_at: string | null;
  /** The text as it was when the thread began. */
  quote: string;
  /** Whether that text is gone. */
  removed: boolean;
  relative: RelativeRange;
  comments: Comment[];
}

export interface ChatMessage {
  id: number;
  /** `null` for a guest. */
  user: Person | null;
  text: string;
  at: string;
}

export interface Notification {
  id: number;
  kind: "shared" | "mention" | "reply" | "invitation_accepted" | "comment_resolved";
  document: { id: string; title: string };
  /** `null` for a guest. */
  actor: Person | null;
  thread: number | null;
  text: string | null;
  at: string;
  read: boolean;
}

export interface NotificationPage extends Page<Notification> {
  /** How many are unread, on all pages. */
  unread: number;
}

export type Scope = "all" | "owned" | "shared";
export type Ordering = "-updated_at" | "title" | "-created_at";

export const EXPORT_FORMATS = ["md", "html", "txt", "json", "yjs"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
