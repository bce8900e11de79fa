import { SegmentedControl, Skeleton, Stack } from "@mantine/core";
import { IconMessage } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { DocumentInfo, Person } from "../api/types";
import { useObservable } from "../document/useObservable";
import { threadKey } from "../editor/comment-layer";
import { Message } from "../ui/Message";
import { DraftCard } from "./DraftCard";
import { ThreadCard } from "./ThreadCard";
import type { Comments } from "./useComments";

interface CommentsListProps {
  document: DocumentInfo;
  comments: Comments;
  people: readonly Person[];
}

/** All comments of a document, also those that have no place beside the text. */
export function CommentsList({ document, comments, people }: CommentsListProps) {
  const { layer, threads, active, pick, draft, endDraft } = comments;
  const [which, setWhich] = useState("open");
  const tops = useObservable(layer.tops);
  const isActiveResolved = threads?.find(({ id }) => threadKey(id) === active)?.resolved;
  // Whatever was picked, it is in the list that is shown.
  useEffect(() => {
    if (isActiveResolved !== undefined) {
      setWhich(isActiveResolved ? "resolved" : "open");
    }
  }, [isActiveResolved]);
  const shown = threads?.filter(({ resolved }) => resolved === (which === "resolved"));
  const place = (id: number) => tops?.get(threadKey(id)) ?? Number.POSITIVE_INFINITY;
  const ordered = shown?.toSorted(
    (one, other) => place(one.id) - place(other.id) || one.id - other.id,
  );

  function pickAndShow(key: string | null): void {
    pick(key);
    if (key !== null) {
      layer.host?.reveal(key);
    }
  }

  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="Which comments"
        value={which}
        onChange={setWhich}
        data={[
          { value: "open", label: "Open" },
          { value: "resolved", label: "Resolved" },
        ]}
      />
      {draft !== null && (
        <DraftCard
          documentId={document.id}
          draft={draft}
          people={people}
          withQuote
          onDone={pick}
          onCancel={endDraft}
        />
      )}
      {ordered === undefined && <Skeleton height={96} radius="md" />}
      {ordered?.length === 0 && draft === null && (
        <Message
          icon={<IconMessage size={26} />}
          title={which === "open" ? "No open comments" : "Nothing resolved yet"}
        >
          {which === "open" && document.abilities.comment
            ? "Select some text to comment on it."
            : "What is settled is kept here."}
        </Message>
      )}
      {ordered?.map((thread) => (
        <ThreadCard
          key={thread.id}
          document={document}
          thread={thread}
          people={people}
          isActive={active === threadKey(thread.id)}
          withQuote
          isRemoved={
            tops === null || thread.resolved ? thread.removed : !tops.has(threadKey(thread.id))
          }
          onPick={pickAndShow}
        />
      ))}
    </Stack>
  );
}
