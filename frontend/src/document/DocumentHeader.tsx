import { Badge, Tooltip, UnstyledButton } from "@mantine/core";
import { IconEye } from "@tabler/icons-react";
import { memo } from "react";
import { Link } from "react-router";
import type { DocumentInfo } from "../api/types";
import { Logo } from "../app/brand";
import { DocumentMenu } from "./DocumentMenu";
import classes from "./DocumentPage.module.css";
import { ExportMenu } from "./ExportMenu";
import { PresenceBar } from "./PresenceBar";
import { SaveState } from "./SaveState";
import { ShareButton } from "./ShareButton";
import { TitleField } from "./TitleField";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";

interface DocumentHeaderProps {
  document: DocumentInfo;
  session: DocumentSession;
}

export const DocumentHeader = memo(function DocumentHeader({
  document,
  session: { provider },
}: DocumentHeaderProps) {
  const role = useObservable(provider.status, (status) => status.role) ?? document.role;
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
            leftSection={<IconEye size={13} />}
            data-testid="role-chip"
          >
            {role === "viewer" ? "View only" : "Can comment"}
          </Badge>
        )}
        <SaveState provider={provider} />
      </div>
      <div className={classes.actions}>
        <PresenceBar presence={provider.presence} />
        <ShareButton document={document} />
        <ExportMenu document={document} />
        <DocumentMenu document={document} />
      </div>
    </header>
  );
});
