import { Button, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconUsers } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import type { DocumentInfo } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";

const ShareDialog = lazy(() => import("./ShareDialog"));

export function ShareButton({ document }: { document: DocumentInfo }) {
  const [opened, { open, close }] = useDisclosure();
  return (
    <>
      <Button
        size="sm"
        radius="xl"
        leftSection={<IconUsers size={16} />}
        onClick={open}
        data-testid="share-button"
      >
        Share
      </Button>
      <Modal opened={opened} onClose={close} title="Share this document" size="lg">
        <Suspense fallback={<PageSkeleton />}>
          <ShareDialog document={document} />
        </Suspense>
      </Modal>
    </>
  );
}
