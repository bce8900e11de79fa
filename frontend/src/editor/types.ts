import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { User } from "../provider";
import type { CommentLayer } from "./comment-layer";

/** What every editor is given, whatever kind of document it is for. */
export interface EditorProps {
  documentId: string;
  doc: Y.Doc;
  /** Name of the shared type that holds the content. */
  root: string;
  awareness: Awareness;
  person: User;
  comments: CommentLayer;
  editable: boolean;
  title: string;
}
