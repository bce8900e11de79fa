import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Person } from "../api/types";

/** What every editor is given, whatever kind of document it is for. */
export interface EditorProps {
  documentId: string;
  doc: Y.Doc;
  /** Name of the shared type that holds the content. */
  root: string;
  awareness: Awareness;
  person: Person;
  editable: boolean;
  title: string;
}
