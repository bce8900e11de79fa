import { Drawer } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { lazy, type ReactNode, Suspense } from "react";
import type { DocumentInfo, Person } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { CommentsList } from "../comments/CommentsList";
import type { Comments } from "../comments/useComments";
import type { useMessages } from "../live/useLiveList";
import type { DocumentProvider } from "../provider";
import { ChatPanel } from "../talk/ChatPanel";
import type { Panel } from "./DocumentHeader";
import classes from "./DocumentPage.module.css";

const VersionsPanel = lazy(() => import("./VersionsPanel"));

interface SidePanelsProps {
  document: DocumentInfo;
  provider: DocumentProvider;
  panel: Panel | null;
  onClose: () => void;
  comments: Comments;
  messages: ReturnType<typeof useMessages>;
  people: readonly Person[];
}

/** What opens at the side of a document, one at a time. */
export function SidePanels(props: SidePanelsProps) {
  const { document, provider, panel, onClose, comments, messages, people } = props;
  return (
    <>
      <Side title="Comments" opened={panel === "comments"} onClose={onClose}>
        <CommentsList document={document} comments={comments} people={people} />
      </Side>
      <Side title="Chat" opened={panel === "chat"} onClose={onClose} isWhole>
        <ChatPanel document={document} messages={messages} people={people} />
      </Side>
      <Side title="Versions" opened={panel === "versions"} onClose={onClose}>
        <Suspense fallback={<PageSkeleton />}>
          <VersionsPanel document={document} provider={provider} />
        </Suspense>
      </Side>
    </>
  );
}

interface SideProps {
  title: string;
  opened: boolean;
  onClose: () => void;
  /** The content scrolls by itself. */
  isWhole?: boolean;
  children: ReactNode;
}

function Side({ title, opened, onClose, isWhole = false, children }: SideProps) {
  const isSmall = useMediaQuery("(max-width: 720px)", false, { getInitialValueInEffect: false });
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position={isSmall ? "bottom" : "right"}
      size={isSmall ? "55%" : 400}
      title={title}
      // The document stays in sight and at hand beside it.
      withOverlay={false}
      lockScroll={false}
      trapFocus={false}
      closeOnClickOutside={false}
      shadow="md"
      classNames={{
        inner: classes.side ?? "",
        content: `${classes.panel} ${isWhole ? classes.wholeContent : ""}`,
        body: (isWhole && classes.whole) || "",
      }}
    >
      {children}
    </Drawer>
  );
}
