import { ActionIcon, Menu, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconArrowBackUp, IconCheck, IconDots, IconPencil, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { memo, useState } from "react";
import {
  deleteComment,
  editComment,
  reopenThread,
  replyTo,
  resolveThread,
  threadsQuery,
} from "../api/talk";
import type { Comment, DocumentInfo, Person, Thread } from "../api/types";
import { useVisitor } from "../app/session";
import { threadKey } from "../editor/comment-layer";
import { PersonAvatar } from "../people/PersonAvatar";
import { confirm } from "../ui/confirm";
import { formatAgo, formatMoment } from "../ui/time";
import { CommentComposer } from "./CommentComposer";
import classes from "./Comments.module.css";
import { splitMentions } from "./mentions";

interface ThreadCardProps {
  document: DocumentInfo;
  thread: Thread;
  people: readonly Person[];
  isActive: boolean;
  /** Whether to say what the comments are about: not beside the text itself. */
  withQuote: boolean;
  isRemoved: boolean;
  onPick: (key: string | null) => void;
}

/** A thread of comments. Those that do not stand out show how they begin. */
export const ThreadCard = memo(function ThreadCard(props: ThreadCardProps) {
  const { document, thread, people, isActive, withQuote, isRemoved, onPick } = props;
  const me = useVisitor();
  const refresh = useRefresh(document.id);
  const key = threadKey(thread.id);
  const [first, ...replies] = thread.comments;
  const isOwn = thread.author !== null && thread.author.username === me?.username;
  const mayResolve = document.abilities.resolve_any || (document.abilities.comment && isOwn);
  const resolve = useMutation({
    mutationFn: () =>
      thread.resolved
        ? reopenThread(document.id, thread.id)
        : resolveThread(document.id, thread.id),
    onSuccess: refresh,
  });
  const reply = useMutation({
    mutationFn: (text: string) => replyTo(document.id, thread.id, text),
    onSuccess: refresh,
  });
  if (first === undefined) {
    return null;
  }
  const shown = isActive ? replies : [];
  return (
    <article
      className={classes.card}
      data-active={isActive || undefined}
      data-testid="thread"
      data-thread={thread.id}
      aria-label={`Comment by ${nameOf(first.author)}`}
    >
      <UnstyledButton
        className={classes.pick}
        aria-expanded={isActive}
        aria-label={`Comment by ${nameOf(first.author)} on “${thread.quote.slice(0, 80)}”`}
        onClick={() => onPick(isActive ? null : key)}
      />
      {(withQuote || isRemoved) && (
        <blockquote className={classes.quote}>
          {isRemoved && <span className={classes.removed}>Text removed</span>}
          <span>{thread.quote}</span>
        </blockquote>
      )}
      <CommentRow
        document={document}
        thread={thread}
        comment={first}
        people={people}
        action={
          mayResolve && (
            <Tooltip label={thread.resolved ? "Reopen" : "Resolve"}>
              <ActionIcon
                size={26}
                color="iris"
                aria-label={thread.resolved ? "Reopen" : "Resolve"}
                loading={resolve.isPending}
                onClick={() => resolve.mutate()}
              >
                {thread.resolved ? <IconArrowBackUp size={17} /> : <IconCheck size={17} />}
              </ActionIcon>
            </Tooltip>
          )
        }
      />
      {shown.map((comment) => (
        <CommentRow
          key={comment.id}
          document={document}
          thread={thread}
          comment={comment}
          people={people}
        />
      ))}
      {thread.resolved && (
        <Text size="xs" c="dimmed" className={classes.note}>
          Resolved{thread.resolved_by !== null && ` by ${thread.resolved_by.name}`}
          {thread.resolved_at !== null && ` · ${formatAgo(thread.resolved_at)}`}
        </Text>
      )}
      {!isActive && replies.length > 0 && (
        <Text size="xs" className={`${classes.note} ${classes.mention}`}>
          {replies.length === 1 ? "1 reply" : `${replies.length} replies`}
        </Text>
      )}
      {isActive && !thread.resolved && document.abilities.comment && (
        <div className={classes.reply}>
          <CommentComposer
            key={thread.comments.length}
            label="Reply"
            placeholder="Reply, or mention somebody with @"
            action="Reply"
            people={people}
            isPending={reply.isPending}
            onSubmit={(text) => reply.mutate(text)}
          />
        </div>
      )}
    </article>
  );
});

interface CommentRowProps {
  document: DocumentInfo;
  thread: Thread;
  comment: Comment;
  people: readonly Person[];
  action?: React.ReactNode;
}

function CommentRow({ document, thread, comment, people, action }: CommentRowProps) {
  const me = useVisitor();
  const refresh = useRefresh(document.id);
  const [isEditing, setIsEditing] = useState(false);
  const { author } = comment;
  const isOwn = author !== null && author.username === me?.username && document.abilities.comment;
  const mayDelete = isOwn || document.abilities.moderate;
  const edit = useMutation({
    mutationFn: (text: string) => editComment(document.id, thread.id, comment.id, text),
    onSuccess: () => {
      setIsEditing(false);
      return refresh();
    },
  });
  const remove = useMutation({
    mutationFn: () => deleteComment(document.id, thread.id, comment.id),
    onSuccess: refresh,
  });

  function askAndDelete(): void {
    confirm({
      title: "Delete this comment?",
      text: "It will be gone for everybody.",
      confirm: "Delete",
      danger: true,
      onConfirm: () => remove.mutate(),
    });
  }

  return (
    <div className={classes.comment} data-testid="comment">
      <div className={classes.head}>
        <PersonAvatar id={author?.username ?? "Guest"} name={nameOf(author)} size={26} fz={11} />
        <div className={classes.who}>
          <Text size="sm" fw={600} truncate lh={1.2}>
            {nameOf(author)}
          </Text>
          <Text size="xs" c="dimmed" lh={1.2} title={formatMoment(comment.at)} truncate>
            {formatAgo(comment.at)}
            {comment.edited_at !== null && " · edited"}
          </Text>
        </div>
        {action}
        {(isOwn || mayDelete) && !isEditing && (
          <Menu position="bottom-end" width={150}>
            <Menu.Target>
              <ActionIcon size={26} aria-label="More for this comment">
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              {isOwn && (
                <Menu.Item
                  leftSection={<IconPencil size={15} />}
                  onClick={() => setIsEditing(true)}
                >
                  Edit
                </Menu.Item>
              )}
              <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={askAndDelete}>
                Delete
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
      {isEditing ? (
        <CommentComposer
          label="Edit comment"
          placeholder="Say it otherwise"
          action="Save"
          people={people}
          initialText={comment.text}
          autoFocus
          isPending={edit.isPending}
          onSubmit={(text) => edit.mutate(text)}
          onCancel={() => setIsEditing(false)}
        />
      ) : (
        <p className={classes.text}>
          {splitMentions(comment.text).map(({ text, isMention, at }) =>
            isMention ? (
              <span key={at} className={classes.mention}>
                {text}
              </span>
            ) : (
              text
            ),
          )}
        </p>
      )}
    </div>
  );
}

/** The socket tells of it too; this is for who has none just now. */
function useRefresh(documentId: string) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: threadsQuery(documentId).queryKey });
}

function nameOf(author: Person | null): string {
  return author?.name ?? "Guest";
}
