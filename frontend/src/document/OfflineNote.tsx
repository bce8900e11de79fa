import { Alert } from "@mantine/core";
import { IconCloudOff } from "@tabler/icons-react";
import classes from "./DocumentPage.module.css";
import { isOpenedOffline } from "./offline";
import type { DocumentSession } from "./useDocumentSession";
import { useObservable } from "./useObservable";

/** Says why a page has nobody on it, and where what is typed goes. */
export function OfflineNote({
  session,
  editable,
}: {
  session: DocumentSession;
  editable: boolean;
}) {
  const isOffline = useObservable(session.provider.status, isOpenedOffline);
  if (!isOffline) {
    return null;
  }
  return (
    <div className={classes.banner}>
      <Alert color="yellow" icon={<IconCloudOff size={20} />} role="status" data-testid="offline">
        You are offline: this is the copy on this computer.
        {editable && session.copy.isKept
          ? " What you type is saved here, and sent when the connection is back."
          : " It will be brought up to date when the connection is back."}
      </Alert>
    </div>
  );
}
