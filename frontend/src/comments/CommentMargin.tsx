import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import type { DocumentInfo, Person } from "../api/types";
import { useObservable } from "../document/useObservable";
import { DRAFT, threadKey } from "../editor/comment-layer";
import classes from "./Comments.module.css";
import { DraftCard } from "./DraftCard";
import { stackCards } from "./stack-cards";
import { ThreadCard } from "./ThreadCard";
import type { Comments } from "./useComments";

const GAP = 12;

interface CommentMarginProps {
  document: DocumentInfo;
  comments: Comments;
  people: readonly Person[];
}

/** Comments beside what they are about. */
export function CommentMargin({ document, comments, people }: CommentMarginProps) {
  const { layer, threads = [], active, pick, draft, endDraft } = comments;
  const tops = useObservable(layer.tops);
  const [heights, setHeights] = useState<ReadonlyMap<string, number>>(new Map());
  const onHeight = useCallback((key: string, height: number) => {
    setHeights((known) => (known.get(key) === height ? known : new Map(known).set(key, height)));
  }, []);

  const cards = useMemo(() => {
    const shown: { key: string; top: number; content: ReactNode }[] = [];
    for (const thread of threads) {
      const key = threadKey(thread.id);
      const top = tops?.get(key);
      if (!thread.resolved && top !== undefined) {
        shown.push({
          key,
          top,
          content: (
            <ThreadCard
              document={document}
              thread={thread}
              people={people}
              isActive={active === key}
              withQuote={false}
              isRemoved={false}
              onPick={pick}
            />
          ),
        });
      }
    }
    const draftTop = tops?.get(DRAFT);
    if (draft !== null && draftTop !== undefined) {
      shown.push({
        key: DRAFT,
        top: draftTop,
        content: (
          <DraftCard
            documentId={document.id}
            draft={draft}
            people={people}
            withQuote={false}
            onDone={pick}
            onCancel={endDraft}
          />
        ),
      });
    }
    return shown.sort((one, other) => one.top - other.top);
  }, [document, threads, people, tops, active, pick, draft, endDraft]);

  const places = stackCards(
    cards.map(({ key, top }) => ({ key, top, height: heights.get(key) ?? 90 })),
    active,
    GAP,
  );
  return (
    <aside className={classes.margin} aria-label="Comments" data-testid="comment-margin">
      {cards.map(({ key, content }) => (
        <Placed key={key} id={key} top={places.get(key) ?? 0} onHeight={onHeight}>
          {content}
        </Placed>
      ))}
    </aside>
  );
}

interface PlacedProps {
  id: string;
  top: number;
  onHeight: (key: string, height: number) => void;
  children: ReactNode;
}

function Placed({ id, top, onHeight, children }: PlacedProps) {
  const [element, setElement] = useState<HTMLDivElement | null>(null);
  useEffect(() => {
    if (element === null) {
      return;
    }
    const observer = new ResizeObserver(() => onHeight(id, element.offsetHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element, id, onHeight]);
  return (
    <div ref={setElement} className={classes.placed} style={{ transform: `translateY(${top}px)` }}>
      {children}
    </div>
  );
}
