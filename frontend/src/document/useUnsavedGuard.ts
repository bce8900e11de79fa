import { useCallback, useEffect } from "react";
import { useBlocker } from "react-router";
import { confirm } from "../ui/confirm";
import type { DocumentSession } from "./useDocumentSession";

const MARK_AFTER_MS = 1000;

/**
 * Guards what is not saved: marks the copy on this device, so that whoever opens it next knows,
 * and asks before the page is closed.
 */
export function useUnsavedGuard({ provider, copy }: DocumentSession): void {
  useEffect(() => {
    const unsaved = () => provider.status.get().unsavedChanges;
    let isMarked = copy.unsavedChanges > 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    function mark(): void {
      clearTimeout(timer);
      timer = undefined;
      isMarked = unsaved() > 0;
      copy.markUnsaved(unsaved());
    }

    // Most edits are saved within milliseconds: marking each would cost more than typing it.
    const unsubscribe = provider.status.subscribe(({ unsavedChanges }) => {
      if (unsavedChanges === 0 && isMarked) {
        mark();
      } else if (unsavedChanges > 0 && !isMarked) {
        timer ??= setTimeout(mark, MARK_AFTER_MS);
      }
    });

    function onBeforeUnload(event: BeforeUnloadEvent): void {
      if (unsaved() > 0) {
        event.preventDefault();
      }
    }
    window.addEventListener("beforeunload", onBeforeUnload);
    window.addEventListener("pagehide", mark);
    return () => {
      unsubscribe();
      clearTimeout(timer);
      window.removeEventListener("beforeunload", onBeforeUnload);
      window.removeEventListener("pagehide", mark);
    };
  }, [provider, copy]);

  // Within the page nothing is lost by leaving, unless this browser keeps no copy.
  const isAtRisk = useCallback(() => {
    const { unsavedChanges, refusal } = provider.status.get();
    // The page of a refusal has asked already what to do with them.
    const mayBeSaved = refusal === null || refusal.reason === "signed_out";
    return mayBeSaved && unsavedChanges > 0 && !copy.isKept;
  }, [provider, copy]);
  const blocker = useBlocker(isAtRisk);
  useEffect(() => {
    if (blocker.state === "blocked") {
      confirm({
        title: "Leave without saving?",
        text: "Your last edits are not saved yet, and this browser keeps no copy of them.",
        confirm: "Leave",
        danger: true,
        onConfirm: () => blocker.proceed(),
        onCancel: () => blocker.reset(),
      });
    }
  }, [blocker]);
}
