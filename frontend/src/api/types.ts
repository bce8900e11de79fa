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
  | "edit"
  | "create_version"
  | "restore_version"
  | "rename"
  | "manage_members"
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
}

export interface Version {
  id: number;
  seq: number;
  label: string;
  author: Person | null;
  created_at: string;
}

export type Scope = "all" | "owned" | "shared";
export type Ordering = "-updated_at" | "title" | "-created_at";

export const EXPORT_FORMATS = ["md", "html", "txt", "json", "yjs"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];
