import {
  IconCloudCheck,
  IconCloudOff,
  IconCloudUp,
  IconCloudX,
  IconLoader2,
} from "@tabler/icons-react";
import { useEffect, useState } from "react";
import type { DocumentProvider, ProviderStatus, SaveState as State } from "../provider";
import classes from "./DocumentPage.module.css";
import { useObservable } from "./useObservable";

const ICONS: Record<State, typeof IconCloudCheck> = {
  connecting: IconLoader2,
  saved: IconCloudCheck,
  saving: IconCloudUp,
  offline: IconCloudOff,
  refused: IconCloudX,
};

/** For how long all must be saved before the words say so: no flicker with every keystroke. */
const CALM_MS = 600;

/** Says truthfully whether the server has what is on this page. */
export function SaveState({ provider }: { provider: DocumentProvider }) {
  const status = useObservable(provider.status);
  const shown = useCalmState(status.state);
  const Icon = ICONS[shown];
  const text = describeState(shown, status);
  const tone = shown === "offline" ? "warning" : shown === "refused" ? "danger" : "calm";
  return (
    <span
      className={classes.state}
      data-testid="save-state"
      data-state={status.state}
      data-tone={tone}
      role="status"
      aria-live={tone === "calm" ? "off" : "polite"}
      aria-label={text}
      title={text}
    >
      <Icon size={16} stroke={1.8} aria-hidden="true" />
      <span className={classes.stateText}>{text}</span>
    </span>
  );
}

export function describeState(state: State, status: ProviderStatus): string {
  const { unsavedChanges: changes, canEdit } = status;
  switch (state) {
    case "connecting":
      return "Connecting…";
    case "saved":
      return canEdit ? "Saved" : "Up to date";
    case "saving":
      return "Saving…";
    case "offline":
      if (changes === 0) {
        return "Offline – reconnecting";
      }
      return `Offline – ${changes === 1 ? "1 change" : `${changes} changes`} will be sent when you are back`;
    case "refused":
      return changes > 0 ? "Not saved" : "Closed";
  }
}

/** Bad news at once; "saved" once it has been so for a moment. */
function useCalmState(state: State): State {
  const [shown, setShown] = useState(state);
  useEffect(() => {
    if (state !== "saved" || shown === "connecting") {
      setShown(state);
      return;
    }
    const timer = setTimeout(() => setShown("saved"), CALM_MS);
    return () => clearTimeout(timer);
  }, [state, shown]);
  return shown;
}
