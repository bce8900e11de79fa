import { useDocumentTitle, useHotkeys } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { documentQuery, invalidateLists } from "../api/documents";
import type { DocumentInfo } from "../api/types";
import { PRODUCT_NAME } from "../app/brand";
import { useMe } from "../app/RequireSession";
import { loadEditor } from "../editor/load";
import { DocumentHeader } from "./DocumentHeader";
import { ContentSkeleton } from "./DocumentSkeleton";
import { OfflineNote } from "./OfflineNote";
import { mayEdit } from "./offline";
import { ProblemBanner } from "./ProblemBanner";
import { RefusedPage } from "./RefusedPage";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";
import { useUnsavedGuard } from "./useUnsavedGuard";

const RichTextEditor = lazy(() => loadEditor("richtext"));
const TextEditor = lazy(() => loadEditor("text"));

interface DocumentPageProps {
  document: DocumentInfo;
  session: DocumentSession;
  /** Throws the copy on this device away and opens the document afresh. */
  reopen: () => void;
}

export function DocumentPage({ document, session, reopen }: DocumentPageProps) {
  const { provider, doc } = session;
  const me = useMe();
  const client = useQueryClient();
  const role = useObservable(provider.status, (status) => status.role);
  const synced = useObservable(provider.status, (status) => status.synced);
  const editable = useObservable(provider.status, (status) => mayEdit(status, document));
  const { refusal } = useObservable(provider.status);
  useDocumentTitle(`${document.title} · ${PRODUCT_NAME}`);
  useUnsavedGuard(session);
  // Fingers do it of themselves; a file dialog is not what they want.
  useHotkeys([["mod+S", () => undefined]], [], true);

  // While the content is on its way, so is what shows it.
  useEffect(() => void loadEditor(document.kind), [document.kind]);

  // The abilities of the REST side follow the role that the socket tells of.
  useEffect(() => {
    if (role !== null && role !== document.role) {
      void client.invalidateQueries({ queryKey: documentQuery(document.id).queryKey });
    }
  }, [client, document.id, document.role, role]);

  // The list shows when it was last edited; it was, or may have been.
  useEffect(() => () => void invalidateLists(client), [client]);

  if (refusal !== null) {
    return <RefusedPage refusal={refusal} document={document} session={session} reopen={reopen} />;
  }
  const hasContent = synced || doc.store.clients.size > 0;
  const Editor = document.kind === "text" ? TextEditor : RichTextEditor;
  return (
    <>
      <DocumentHeader document={document} session={session} />
      <ProblemBanner document={document} session={session} reopen={reopen} />
      {hasContent && <OfflineNote session={session} editable={editable} />}
      <main>
        <Suspense fallback={<ContentSkeleton />}>
          {hasContent ? (
            <Editor
              documentId={document.id}
              doc={doc}
              root={document.root}
              awareness={provider.awareness}
              person={me}
              editable={editable}
              title={document.title}
            />
          ) : (
            <ContentSkeleton />
          )}
        </Suspense>
      </main>
    </>
  );
}
