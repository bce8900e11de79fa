import { ActionIcon, Button, Loader, Text, Tooltip } from "@mantine/core";
import { IconMessages, IconSend2 } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useLayoutEffect, useRef, useState } from "react";
import { messagesQuery, postMessage } from "../api/talk";
import type { DocumentInfo, Person } from "../api/types";
import { useVisitor } from "../app/session";
import commentClasses from "../comments/Comments.module.css";
import { MentionField } from "../comments/MentionField";
import { splitMentions } from "../comments/mentions";
import type { useMessages } from "../live/useLiveList";
import { PersonAvatar } from "../people/PersonAvatar";
import { Message } from "../ui/Message";
import { formatAgo, formatMoment } from "../ui/time";
import classes from "./ChatPanel.module.css";
import { groupMessages } from "./group-messages";

const MAX_LENGTH = 4_000;
/** So near to the end, somebody reads along. */
const NEAR_PX = 80;

interface ChatPanelProps {
  document: DocumentInfo;
  messages: ReturnType<typeof useMessages>;
  people: readonly Person[];
}

/** What people say to each other beside the document. */
export function ChatPanel({ document, messages, people }: ChatPanelProps) {
  const me = useVisitor();
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = messages;
  const all = data?.pages.flatMap(({ results }) => results) ?? [];
  const newest = all[0]?.id;
  const list = useRef<HTMLDivElement>(null);
  const readsAlong = useRef(true);

  // biome-ignore lint/correctness/useExhaustiveDependencies(newest): something new was said.
  useLayoutEffect(() => {
    const element = list.current;
    if (element !== null && readsAlong.current) {
      element.scrollTop = element.scrollHeight;
    }
  }, [newest]);

  return (
    <div className={classes.panel}>
      <div
        ref={list}
        className={classes.list}
        role="log"
        aria-label="Chat"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: with the keyboard one scrolls it, too.
        tabIndex={0}
        data-testid="chat"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          readsAlong.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
        }}
      >
        {hasNextPage && (
          <Button
            variant="subtle"
            size="compact-sm"
            className={classes.earlier}
            loading={isFetchingNextPage}
            onClick={() => fetchNextPage()}
          >
            Earlier messages
          </Button>
        )}
        {data === undefined && <Loader size="sm" type="dots" m="auto" />}
        {data !== undefined && all.length === 0 && (
          <Message icon={<IconMessages size={26} />} title="Nothing said yet">
            What you say here stays with the document, for everybody who can open it.
          </Message>
        )}
        {groupMessages(all).map(({ id, user, at, messages: said }) => {
          const isMine = user !== null && user.username === me?.username;
          const name = user?.name ?? "Guest";
          return (
            <section key={id} className={classes.block} data-mine={isMine || undefined}>
              {!isMine && (
                <PersonAvatar id={user?.username ?? "Guest"} name={name} size={28} fz={11} />
              )}
              <div className={classes.said}>
                <Text size="xs" c="dimmed" title={formatMoment(at)} className={classes.by}>
                  {isMine ? "You" : <b>{name}</b>} · {formatAgo(at)}
                </Text>
                {said.map(({ id: message, text }) => (
                  <p key={message} className={classes.bubble} data-testid="message">
                    {splitMentions(text).map((part) =>
                      part.isMention ? (
                        <span key={part.at} className={commentClasses.mention}>
                          {part.text}
                        </span>
                      ) : (
                        part.text
                      ),
                    )}
                  </p>
                ))}
              </div>
            </section>
          );
        })}
      </div>
      {document.abilities.comment ? (
        <SayForm documentId={document.id} people={people} />
      ) : (
        <Text size="sm" c="dimmed" className={classes.closed}>
          You can read along. To write, you need to be able to comment.
        </Text>
      )}
    </div>
  );
}

function SayForm({ documentId, people }: { documentId: string; people: readonly Person[] }) {
  const client = useQueryClient();
  const [text, setText] = useState("");
  const say = useMutation({
    mutationFn: (said: string) => postMessage(documentId, said),
    onSuccess: () => {
      setText("");
      // The socket tells of it too; this is for who has none just now.
      return client.invalidateQueries({ queryKey: messagesQuery(documentId).queryKey });
    },
  });

  function submit(): void {
    if (text.trim() !== "" && !say.isPending) {
      say.mutate(text.trim());
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      submit();
    }
  }

  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <div className={classes.field}>
        <MentionField
          label="Message"
          placeholder="Say something"
          people={people}
          value={text}
          onChange={setText}
          onKeyDown={onKeyDown}
          maxLength={MAX_LENGTH}
          maxRows={5}
          autoFocus
        />
      </div>
      <Tooltip label="Send">
        <ActionIcon
          type="submit"
          size={36}
          radius="xl"
          variant="filled"
          color="iris"
          aria-label="Send"
          disabled={text.trim() === ""}
          loading={say.isPending}
        >
          <IconSend2 size={18} />
        </ActionIcon>
      </Tooltip>
    </form>
  );
}
