import { Alert, Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconDownload } from "@tabler/icons-react";
import type { DocumentInfo } from "../api/types";
import classes from "./DocumentPage.module.css";
import { downloadCopy } from "./download-copy";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";

interface ProblemBannerProps {
  document: DocumentInfo;
  session: DocumentSession;
  reopen: () => void;
}

const EXPLANATIONS: Record<string, string> = {
  read_only: "You may no longer edit this document, so your last edits could not be saved.",
  too_large: "Your last edit is larger than the server takes, so it could not be saved.",
};

/** An edit was refused: what is on this page will not become the document's. */
export function ProblemBanner({ document, session, reopen }: ProblemBannerProps) {
  const { problem, unsavedChanges } = useObservable(session.provider.status);
  if (problem === null) {
    return null;
  }
  return (
    <div className={classes.banner}>
      <Alert
        color="red"
        icon={<IconAlertTriangle size={20} />}
        title={
          unsavedChanges === 1 ? "1 change is not saved" : `${unsavedChanges} changes are not saved`
        }
        role="alert"
        data-testid="problem"
      >
        <Text size="sm" mb="sm">
          {EXPLANATIONS[problem.code] ?? "The server did not accept your last edit."}{" "}
          {problem.code in EXPLANATIONS ? "" : problem.detail} Download your copy if you want to
          keep it, then load the document anew.
        </Text>
        <Group gap="xs">
          <Button
            size="xs"
            leftSection={<IconDownload size={15} />}
            onClick={() => downloadCopy(document, session.doc)}
          >
            Download my copy
          </Button>
          <Button size="xs" variant="subtle" color="red" onClick={reopen}>
            Discard and reload
          </Button>
        </Group>
      </Alert>
    </div>
  );
}
