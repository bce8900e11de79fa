import { useEffect, useState } from "react";
import type { Awareness } from "y-protocols/awareness";
import type { PersonHere } from "../document/people-here";
import type { CommentLayer } from "../editor/comment-layer";
import { newestCursorOf } from "./newest-cursor";

/** What a person does with a page of their own accord. */
const OWN_MOVES = ["wheel", "touchmove", "keydown", "mousedown"] as const;
/** What is done here moves nobody through the text. */
const ASIDE = "[data-keeps-following], header, [role=dialog]";
/** Keys that neither move nor write anything. */
const QUIET_KEYS = new Set(["Tab", "Shift", "Control", "Alt", "Meta", "CapsLock"]);

interface Following {
  person: PersonHere | null;
  /** Whether they have a cursor in the text to be followed. */
  isSeen: boolean;
  follow: (person: PersonHere | null) => void;
}

/** Follows somebody's cursor through the text, until one moves or writes oneself. */
export function useFollow(
  awareness: Awareness,
  layer: CommentLayer,
  people: readonly PersonHere[],
): Following {
  const [person, follow] = useState<PersonHere | null>(null);
  const [isSeen, setIsSeen] = useState(true);
  const isHere = people.some(({ id }) => id === person?.id);

  useEffect(() => {
    if (person !== null && !isHere) {
      follow(null);
    }
  }, [person, isHere]);

  useEffect(() => {
    if (person === null) {
      return;
    }
    const { username, name } = person;
    let seen = "";
    let frame = 0;
    function look(): void {
      cancelAnimationFrame(frame);
      // The editor draws the cursor in the same turn.
      frame = requestAnimationFrame(() => {
        const found = newestCursorOf(awareness, { username, name });
        if (found === null) {
          setIsSeen(false);
        } else if (found.place !== seen) {
          seen = found.place;
          setIsSeen(layer.host?.revealCursor(found.client) ?? false);
        }
      });
    }
    look();
    awareness.on("change", look);

    function onOwnMove(event: Event): void {
      const isQuiet = event instanceof KeyboardEvent && QUIET_KEYS.has(event.key);
      const isAside = event.target instanceof Element && event.target.closest(ASIDE);
      if (!isQuiet && !isAside) {
        follow(null);
      }
    }
    for (const move of OWN_MOVES) {
      window.addEventListener(move, onOwnMove, { capture: true, passive: true });
    }
    return () => {
      cancelAnimationFrame(frame);
      awareness.off("change", look);
      for (const move of OWN_MOVES) {
        window.removeEventListener(move, onOwnMove, { capture: true });
      }
    };
  }, [person, awareness, layer]);

  return { person, isSeen, follow };
}
