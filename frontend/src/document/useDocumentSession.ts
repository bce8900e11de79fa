import { useCallback, useEffect, useRef, useState } from "react";
import * as Y from "yjs";
import { uploadTo } from "../api/documents";
import { socketUrl } from "../live/socket-url";
import { LocalCopy } from "../local-copy/local-copy";
import { DocumentProvider } from "../provider";

/** An open document: its content, the connection, and the copy on this device. */
export interface DocumentSession {
  doc: Y.Doc;
  provider: DocumentProvider;
  copy: LocalCopy;
}

/** How often in a minute a stale copy may be thrown away before something else must be wrong. */
const MAX_REOPENINGS = 3;

interface OpenDocument {
  /** `null` while the copy on this device is read. */
  session: DocumentSession | null;
  /** Throws the copy on this device away and opens the document afresh. */
  reopen: () => void;
}

/** Opens a document for as long as the page shows it. */
export function useDocumentSession(documentId: string, username: string): OpenDocument {
  const [session, setSession] = useState<DocumentSession | null>(null);
  const [generation, setGeneration] = useState(0);
  const reopenings = useRef<number[]>([]);
  const current = useRef<DocumentSession | null>(null);

  const reopen = useCallback(() => {
    const dropped = current.current?.copy.drop() ?? Promise.resolve();
    void dropped.then(() => setGeneration((count) => count + 1));
  }, []);

  // biome-ignore lint/correctness/useExhaustiveDependencies(generation): each is a fresh opening.
  useEffect(() => {
    let isCurrent = true;
    let opened: DocumentSession | null = null;

    function onStale(): void {
      const now = Date.now();
      reopenings.current = reopenings.current.filter((time) => now - time < 60_000);
      if (reopenings.current.length < MAX_REOPENINGS) {
        reopenings.current.push(now);
        reopen();
      }
    }

    const doc = new Y.Doc();
    void LocalCopy.open(username, documentId, doc).then((copy) => {
      if (!isCurrent) {
        void copy.close();
        doc.destroy();
        return;
      }
      const provider = new DocumentProvider({
        url: socketUrl(`/ws/documents/${documentId}/`),
        doc,
        epoch: copy.epoch,
        unsavedChanges: copy.unsavedChanges,
        upload: uploadTo(documentId),
        onEpoch: (epoch) => copy.keepEpoch(epoch),
        onStale,
      });
      opened = { doc, provider, copy };
      current.current = opened;
      provider.connect();
      setSession(opened);
    });
    return () => {
      isCurrent = false;
      if (opened !== null) {
        const { provider, copy } = opened;
        copy.markUnsaved(provider.status.get().unsavedChanges);
        provider.destroy();
        void copy.close();
        doc.destroy();
        current.current = null;
        setSession(null);
      }
    };
  }, [documentId, username, generation, reopen]);

  return { session, reopen };
}
