import { ActionIcon, Badge, Button, Indicator, Tooltip, UnstyledButton } from "@mantine/core";
import { IconEye, IconMessage, IconMessages } from "@tabler/icons-react";
import { memo } from "react";
import { Link, useLocation } from "react-router";
import type { DocumentInfo } from "../api/types";
import { Logo } from "../app/brand";
import { useVisitor } from "../app/session";
import { NotificationBell } from "../notifications/NotificationBell";
import { DocumentMenu } from "./DocumentMenu";
import classes from "./DocumentPage.module.css";
import { ExportMenu } from "./ExportMenu";
import { PresenceBar } from "./PresenceBar";
import type { PersonHere } from "./people-here";
import { SaveState } from "./SaveState";
import { ShareButton } from "./ShareButton";
import { TitleField } from "./TitleField";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";

export type Panel = "comments" | "chat" | "versions";

interface DocumentHeaderProps {
  document: DocumentInfo;
  session: DocumentSession;
  people: readonly PersonHere[];
  following: string | null;
  onFollow: (person: PersonHere | null) => void;
  openComments: number;
  unreadMessages: number;
  panel: Panel | null;
  onPanel: (panel: Panel | null) => void;
}

export const DocumentHeader = memo(function DocumentHeader(props: DocumentHeaderProps) {
  const { document, session, people, following, onFollow, panel, onPanel } = props;
  const { openComments, unreadMessages } = props;
  const { provider } = session;
  const me = useVisitor();
  const role = useObservable(provider.status, (status) => status.role) ?? document.role;
  const toggle = (chosen: Panel) => onPanel(panel === chosen ? null : chosen);
  return (
    <header className={classes.header}>
      <Tooltip label="All documents">
        <UnstyledButton component={Link} to="/" aria-label="All documents" bdrs="md" lh={0}>
          <Logo size={30} />
        </UnstyledButton>
      </Tooltip>
      <div className={classes.titleGroup}>
        <TitleField document={document} />
        {(role === "viewer" || role === "commenter") && (
          <Badge
            variant="default"
            tt="none"
            flex="none"
            fw={550}
            leftSection={role === "viewer" ? <IconEye size={13} /> : <IconMessage size={13} />}
            data-testid="role-chip"
          >
            {role === "viewer" ? "View only" : "Can comment"}
          </Badge>
        )}
        <SaveState provider={provider} />
      </div>
      <div className={classes.actions}>
        <PresenceBar people={people} following={following} onFollow={onFollow} />
        <HeaderButton
          label="Comments"
          count={openComments}
          colour="gray"
          icon={<IconMessage size={19} stroke={1.7} />}
          isOpen={panel === "comments"}
          onClick={() => toggle("comments")}
        />
        <HeaderButton
          label="Chat"
          count={unreadMessages}
          colour="red.7"
          icon={<IconMessages size={19} stroke={1.7} />}
          isOpen={panel === "chat"}
          onClick={() => toggle("chat")}
        />
        {me === null ? (
          <SignInButton />
        ) : (
          <>
            <NotificationBell />
            <ShareButton document={document} provider={provider} />
          </>
        )}
        <ExportMenu document={document} />
        <DocumentMenu document={document} onVersions={() => onPanel("versions")} />
      </div>
    </header>
  );
});

interface HeaderButtonProps {
  label: string;
  count: number;
  colour: string;
  icon: React.ReactNode;
  isOpen: boolean;
  onClick: () => void;
}

function HeaderButton({ label, count, colour, icon, isOpen, onClick }: HeaderButtonProps) {
  return (
    <Tooltip label={label}>
      <Indicator
        disabled={count === 0}
        label={count > 99 ? "99+" : count}
        size={17}
        offset={6}
        color={colour}
        withBorder
      >
        <ActionIcon
          size={36}
          radius="xl"
          variant={isOpen ? "light" : "subtle"}
          color={isOpen ? "iris" : "gray"}
          aria-label={count === 0 ? label : `${label}, ${count}`}
          aria-expanded={isOpen}
          data-testid={`${label.toLowerCase()}-button`}
          data-count={count}
          onClick={onClick}
        >
          {icon}
        </ActionIcon>
      </Indicator>
    </Tooltip>
  );
}

function SignInButton() {
  const { pathname } = useLocation();
  return (
    <Button
      component={Link}
      to={`/login?next=${encodeURIComponent(pathname)}`}
      size="sm"
      radius="xl"
      data-testid="sign-in"
    >
      Sign in
    </Button>
  );
}
