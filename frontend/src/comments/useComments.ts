import { useCallback, useEffect, useMemo, useState } from "react";
import type { DocumentInfo, RelativeRange, Thread } from "../api/types";
import { CommentLayer, DRAFT, threadKey } from "../editor/comment-layer";
import { useThreads } from "../live/useLiveList";
import type { DocumentProvider } from "../provider";

/** A passage about which a comment is being written. */
export interface Draft {
  range: RelativeRange;
  quote: string;
}

export interface Comments {
  layer: CommentLayer;
  /** `undefined` until they are known. */
  threads: readonly Thread[] | undefined;
  /** The key of the card and the mark that stand out. */
  active: string | null;
  pick: (key: string | null) => void;
  draft: Draft | null;
  /** Begins a comment about what is selected in the editor. */
  startDraft: () => void;
  endDraft: () => void;
}

/** The comments of an open document, and what is being done with them on this page. */
export function useComments(document: DocumentInfo, provider: DocumentProvider): Comments {
  const layer = useMemo(() => new CommentLayer(), []);
  const { data: threads } = useThreads(provider, document.id);
  const [active, setActive] = useState<string | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);

  const pick = useCallback((key: string | null) => {
    setActive(key);
    if (key !== DRAFT) {
      setDraft(null);
    }
  }, []);

  const startDraft = useCallback(() => {
    const selected = layer.host?.readSelection() ?? null;
    if (selected !== null) {
      // What is typed before the field is there must not take the place of the passage.
      if (window.document.activeElement instanceof HTMLElement) {
        window.document.activeElement.blur();
      }
      setDraft(selected);
      setActive(DRAFT);
    }
  }, [layer]);

  const endDraft = useCallback(() => {
    setDraft(null);
    setActive(null);
    layer.host?.focus();
  }, [layer]);

  useEffect(() => {
    layer.onPick = pick;
  }, [layer, pick]);

  useEffect(() => {
    const open = (threads ?? []).filter(({ resolved }) => !resolved);
    const marks = open.map(({ id, relative }) => ({ key: threadKey(id), range: relative }));
    layer.marks.set(draft === null ? marks : [...marks, { key: DRAFT, range: draft.range }]);
  }, [layer, threads, draft]);

  useEffect(() => layer.active.set(active), [layer, active]);

  return { layer, threads, active, pick, draft, startDraft, endDraft };
}
