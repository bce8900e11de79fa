import { ActionIcon, Tooltip } from "@mantine/core";
import { IconMessagePlus } from "@tabler/icons-react";
import { useObservable } from "../document/useObservable";
import classes from "./Comments.module.css";
import type { Comments } from "./useComments";

/** Beside what is selected: the way to say something about it. */
export function CommentButton({ comments }: { comments: Comments }) {
  const top = useObservable(comments.layer.selectionTop);
  const tops = useObservable(comments.layer.tops);
  // What was just commented on is still selected.
  const isDone = comments.active !== null && tops?.get(comments.active) === top;
  if (top === null || comments.draft !== null || isDone) {
    return null;
  }
  return (
    <Tooltip label="Comment" position="left">
      <ActionIcon
        className={classes.begin}
        style={{ top: top - 6 }}
        size={38}
        radius="xl"
        variant="default"
        aria-label="Comment on the selection"
        data-testid="comment-button"
        // The selection stays.
        onMouseDown={(event) => event.preventDefault()}
        onClick={comments.startDraft}
      >
        <IconMessagePlus size={19} stroke={1.8} />
      </ActionIcon>
    </Tooltip>
  );
}
