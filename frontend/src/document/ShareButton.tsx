import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUsers } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import type { DocumentInfo } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import type { DocumentProvider } from "../provider";
import classes from "./DocumentPage.module.css";

const ShareDialog = lazy(() => import("./ShareDialog"));

interface ShareButtonProps {
  document: DocumentInfo;
  provider: DocumentProvider;
}

export function ShareButton({ document, provider }: ShareButtonProps) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button
        size="sm"
        radius="xl"
        className={classes.share}
        leftSection={<IconUsers size={16} />}
        onClick={open}
        data-testid="share-button"
      >
        <span className={classes.shareText}>Share</span>
      </Button>
      <Modal opened={opened} onClose={close} title="Share this document" size="lg">
        <Suspense fallback={<PageSkeleton />}>
          <ShareDialog document={document} provider={provider} />
        </Suspense>
      </Modal>
    </>
  );
}
