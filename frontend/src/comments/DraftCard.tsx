import { Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ApiError } from "../api/http";
import { startThread, threadsQuery } from "../api/talk";
import type { Person } from "../api/types";
import { threadKey } from "../editor/comment-layer";
import { CommentComposer } from "./CommentComposer";
import classes from "./Comments.module.css";
import type { Draft } from "./useComments";

interface DraftCardProps {
  documentId: string;
  draft: Draft;
  people: readonly Person[];
  withQuote: boolean;
  onDone: (key: string) => void;
  onCancel: () => void;
}

/** A comment that is being written, where it will stand. */
export function DraftCard(props: DraftCardProps) {
  const { documentId, draft, people, withQuote, onDone, onCancel } = props;
  const client = useQueryClient();
  const start = useMutation({
    mutationFn: (text: string) => startThread(documentId, draft.range, text),
    // The passage may have been typed a moment ago, and is saved in the next.
    retry: (failures, error) => failures < 5 && error instanceof ApiError && error.status === 409,
    retryDelay: 400,
    onSuccess: async (thread) => {
      await client.invalidateQueries({ queryKey: threadsQuery(documentId).queryKey });
      onDone(threadKey(thread.id));
    },
    // Shown below the field.
    onError: () => undefined,
  });
  return (
    <article className={classes.card} data-active aria-label="New comment" data-testid="draft">
      {withQuote && <blockquote className={classes.quote}>{draft.quote}</blockquote>}
      <CommentComposer
        label="Comment"
        placeholder="Comment, or mention somebody with @"
        action="Comment"
        people={people}
        autoFocus
        isPending={start.isPending}
        onSubmit={(text) => start.mutate(text)}
        onCancel={onCancel}
        error={
          start.error !== null && (
            <Text size="xs" c="red" mt={6} role="alert">
              {start.error.message}
            </Text>
          )
        }
      />
    </article>
  );
}
