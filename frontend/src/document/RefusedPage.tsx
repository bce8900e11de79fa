import { Button, Group } from "@mantine/core";
import {
  IconCloudX,
  IconDownload,
  IconFileOff,
  IconFileTime,
  IconLockOff,
  IconLogin,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useNavigate } from "react-router";
import { meQuery } from "../api/session";
import type { DocumentInfo } from "../api/types";
import type { Refusal, RefusalReason } from "../provider";
import { Message } from "../ui/Message";
import { downloadCopy } from "./download-copy";
import type { DocumentSession } from "./useDocumentSession";

interface RefusedPageProps {
  refusal: Refusal;
  document: DocumentInfo;
  session: DocumentSession;
  reopen: () => void;
}

const EXPLANATIONS: Record<RefusalReason, { icon: ReactNode; title: string; text: string }> = {
  signed_out: {
    icon: <IconLogin size={28} />,
    title: "You are signed out",
    text: "Sign in again to go on.",
  },
  removed: {
    icon: <IconLockOff size={28} />,
    title: "You no longer have access",
    text: "Somebody took you out of this document while you had it open.",
  },
  missing: {
    icon: <IconFileOff size={28} />,
    title: "This document is gone",
    text: "It was moved to the trash, deleted, or is no longer shared with you.",
  },
  replaced: {
    icon: <IconFileTime size={28} />,
    title: "This document was replaced",
    text: "An operator brought back an earlier state of it. Your copy belongs to the one before.",
  },
  too_large: {
    icon: <IconCloudX size={28} />,
    title: "Your edit is too large",
    text: "The server does not take that much at once.",
  },
  protocol: {
    icon: <IconCloudX size={28} />,
    title: "The connection was refused",
    text: "This page may be older than the server. Reload it to go on.",
  },
};

/** After these the copy on this device is of no document any more. */
const ENDS_COPY = new Set<RefusalReason>(["removed", "missing", "replaced"]);

/** The server closed the document for this page, and trying again would not help. */
export function RefusedPage({ refusal, document, session, reopen }: RefusedPageProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [downloaded, setDownloaded] = useState(false);
  const { reason } = refusal;
  const { icon, title, text } = EXPLANATIONS[reason];
  const hasUnsaved = session.provider.status.get().unsavedChanges > 0;
  // Signing out in another tab takes the copies off this device.
  const isKept = !ENDS_COPY.has(reason) && session.copy.isKept;
  const keepsCopy = hasUnsaved && (ENDS_COPY.has(reason) || (reason === "signed_out" && !isKept));

  // Nothing of a document that one may not see stays on the device, except one's own unsaved words.
  useEffect(() => {
    if (ENDS_COPY.has(reason) && !hasUnsaved) {
      void session.copy.drop();
    }
  }, [reason, hasUnsaved, session]);

  // Signing out takes the access of all one's pages: then that is what is to be said.
  const mayBeSignedOut = reason === "removed" && !keepsCopy;
  useEffect(() => {
    if (mayBeSignedOut) {
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
    }
  }, [client, mayBeSignedOut]);

  async function download(): Promise<void> {
    await downloadCopy(document, session.doc);
    setDownloaded(true);
  }

  async function leave(): Promise<void> {
    if (ENDS_COPY.has(reason)) {
      await session.copy.drop();
    }
    navigate("/", { replace: true });
  }

  async function signIn(): Promise<void> {
    await navigate(`/login?next=${encodeURIComponent(`/documents/${document.id}/`)}`);
    client.setQueryData(meQuery.queryKey, null);
  }

  return (
    <main data-testid="refused" data-reason={reason} data-state="refused">
      <Message
        icon={icon}
        title={title}
        color={reason === "signed_out" ? "iris" : "red"}
        actions={
          <Group mt="md" justify="center">
            {reason === "signed_out" && <Button onClick={signIn}>Sign in again</Button>}
            {(reason === "protocol" || reason === "too_large") && (
              <Button onClick={() => window.location.reload()}>Reload</Button>
            )}
            {reason === "replaced" && (downloaded || !hasUnsaved) && (
              <Button onClick={reopen}>Open the document</Button>
            )}
            {(keepsCopy || reason === "replaced" || reason === "too_large") && (
              <Button
                variant="light"
                leftSection={<IconDownload size={17} />}
                onClick={download}
                data-testid="download-copy"
              >
                Download my {hasUnsaved ? "unsaved " : ""}copy
              </Button>
            )}
            <Button
              variant="subtle"
              color={keepsCopy && !downloaded ? "red" : "gray"}
              onClick={leave}
            >
              {keepsCopy && !downloaded ? "Discard it" : "All documents"}
            </Button>
          </Group>
        }
      >
        {text}
        {reason === "signed_out" &&
          hasUnsaved &&
          isKept &&
          " What you typed is kept on this device and will be saved then."}
        {keepsCopy &&
          " Some of your edits had not been saved yet: download your copy to keep them."}
      </Message>
    </main>
  );
}
