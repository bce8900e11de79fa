import { useDocumentTitle, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import { documentQuery, invalidateLists } from "../api/documents";
import type { DocumentInfo, Person } from "../api/types";
import { PRODUCT_NAME } from "../app/brand";
import { useVisitor } from "../app/session";
import { CommentButton } from "../comments/CommentButton";
import { CommentMargin } from "../comments/CommentMargin";
import { LinkedThread } from "../comments/LinkedThread";
import { useComments } from "../comments/useComments";
import { loadEditor } from "../editor/load";
import { FollowFrame } from "../follow/FollowFrame";
import { useFollow } from "../follow/useFollow";
import { useMembers, useMessages } from "../live/useLiveList";
import { useUnread } from "../talk/useUnread";
import { DocumentHeader, type Panel } from "./DocumentHeader";
import classes from "./DocumentPage.module.css";
import { ContentSkeleton } from "./DocumentSkeleton";
import { OfflineNote } from "./OfflineNote";
import { mayEdit } from "./offline";
import { ProblemBanner } from "./ProblemBanner";
import { listPeople, type PersonHere } from "./people-here";
import { RefusedPage } from "./RefusedPage";
import { SidePanels } from "./SidePanels";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";
import { useUnsavedGuard } from "./useUnsavedGuard";

const RichTextEditor = lazy(() => loadEditor("richtext"));
const TextEditor = lazy(() => loadEditor("text"));

/** From here on there is room for comments beside the text. */
const WIDE = "(min-width: 1100px)";
const GUEST = { username: null, name: "Guest" };

interface DocumentPageProps {
  document: DocumentInfo;
  session: DocumentSession;
  /** Throws the copy on this device away and opens the document afresh. */
  reopen: () => void;
}

export function DocumentPage({ document, session, reopen }: DocumentPageProps) {
  const { provider, doc } = session;
  const me = useVisitor();
  const client = useQueryClient();
  const role = useObservable(provider.status, (status) => status.role);
  const synced = useObservable(provider.status, (status) => status.synced);
  const editable = useObservable(provider.status, (status) => mayEdit(status, document));
  const { refusal } = useObservable(provider.status);
  const guest = useObservable(provider.user) ?? GUEST;
  const connection = useObservable(provider.connection);
  const entries = useObservable(provider.presence);
  const people = useMemo(() => listPeople(entries, connection), [entries, connection]);
  const mentionable = useMentionable(document, session, people);
  const comments = useComments(document, provider);
  const messages = useMessages(provider, document.id);
  const [panel, setPanel] = useState<Panel | null>(null);
  const unread = useUnread(document.id, messages, panel === "chat");
  const following = useFollow(provider.awareness, comments.layer, people);
  const isWide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false });
  useDocumentTitle(`${document.title} · ${PRODUCT_NAME}`);
  useUnsavedGuard(session);
  // Fingers do it of themselves; a file dialog is not what they want.
  useHotkeys(
    [
      ["mod+S", () => undefined],
      ["mod+alt+M", comments.startDraft],
    ],
    [],
    true,
  );

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

  // Where there is no room beside the text, a comment that is picked or begun needs another place.
  const { active, layer, draft } = comments;
  useEffect(() => {
    if (active !== null && !isWide) {
      setPanel("comments");
      layer.host?.reveal(active);
    }
  }, [active, isWide, layer]);

  if (refusal !== null) {
    return <RefusedPage refusal={refusal} document={document} session={session} reopen={reopen} />;
  }
  const hasContent = synced || doc.store.clients.size > 0;
  const Editor = document.kind === "text" ? TextEditor : RichTextEditor;
  const open = comments.threads?.filter(({ resolved }) => !resolved) ?? [];
  const hasMargin = isWide && panel === null && (open.length > 0 || draft !== null);
  return (
    <>
      <DocumentHeader
        document={document}
        session={session}
        people={people}
        following={following.person?.id ?? null}
        onFollow={following.follow}
        openComments={open.length}
        unreadMessages={unread}
        panel={panel}
        onPanel={setPanel}
      />
      <ProblemBanner document={document} session={session} reopen={reopen} />
      {hasContent && <OfflineNote session={session} editable={editable} />}
      <main
        className={classes.body}
        data-margin={hasMargin || undefined}
        data-panel={(isWide && panel !== null) || undefined}
      >
        <Suspense fallback={<ContentSkeleton />}>
          {hasContent ? (
            <Editor
              documentId={document.id}
              doc={doc}
              root={document.root}
              awareness={provider.awareness}
              person={me ?? guest}
              editable={editable}
              title={document.title}
              comments={layer}
            />
          ) : (
            <ContentSkeleton />
          )}
        </Suspense>
        {document.abilities.comment && <CommentButton comments={comments} />}
        {hasMargin && (
          <CommentMargin document={document} comments={comments} people={mentionable} />
        )}
      </main>
      <LinkedThread comments={comments} onUnplaced={() => setPanel("comments")} />
      <SidePanels
        document={document}
        provider={provider}
        panel={panel}
        onClose={() => setPanel(null)}
        comments={comments}
        messages={messages}
        people={mentionable}
      />
      {following.person !== null && (
        <FollowFrame
          person={following.person}
          isSeen={following.isSeen}
          onStop={() => following.follow(null)}
        />
      )}
    </>
  );
}

/** Whom an "@" may mean: the members, and whoever else with a name is here. */
function useMentionable(
  document: DocumentInfo,
  { provider }: DocumentSession,
  people: readonly PersonHere[],
): readonly Person[] {
  const me = useVisitor();
  const { data: members } = useMembers(provider, document.id, me !== null);
  return useMemo(() => {
    const known = new Map<string, Person>();
    for (const { user } of members ?? []) {
      known.set(user.username, user);
    }
    for (const { username, name } of people) {
      if (username !== null && !known.has(username)) {
        known.set(username, { username, name });
      }
    }
    return [...known.values()].filter(({ username }) => username !== me?.username);
  }, [members, people, me]);
}
