import type { Awareness } from "y-protocols/awareness";

/** Marks the element of a caret with whose it is. */
const CLIENT_ATTRIBUTE = "data-client";

interface CaretOptions {
  client: number;
  name: string;
  colour: string;
}

/**
 * The caret of somebody else, alike in every editor. Styles are set one by one: the page's policy
 * takes no style attributes from scripts.
 */
export function createCaret({ client, name, colour }: CaretOptions): HTMLElement {
  const caret = document.createElement("span");
  caret.className = "collaboration-carets__caret";
  caret.style.setProperty("--person", colour);
  caret.setAttribute(CLIENT_ATTRIBUTE, String(client));
  const label = document.createElement("span");
  label.className = "collaboration-carets__label";
  label.textContent = name;
  caret.append(label);
  return caret;
}

/** Who a state of the awareness is of; what it says of itself may be anything. */
export function identify(user: unknown): { id: string; name: string } {
  const { username, name } = (user ?? {}) as { username?: unknown; name?: unknown };
  const shown = typeof name === "string" && name !== "" ? name : "Guest";
  return { name: shown, id: typeof username === "string" ? username : shown };
}

/**
 * Names fade some seconds after a caret appears; whoever moves shows theirs again. The elements
 * stay where they are while somebody types, so no style sheet would notice. Returns the end of it.
 */
export function showNamesOnMove(root: HTMLElement, awareness: Awareness): () => void {
  function onChange({ updated }: { updated: number[] }): void {
    const moved = new Set(updated.map(String));
    for (const caret of root.querySelectorAll(`[${CLIENT_ATTRIBUTE}]`)) {
      if (moved.has(caret.getAttribute(CLIENT_ATTRIBUTE) ?? "")) {
        for (const animation of caret.firstElementChild?.getAnimations() ?? []) {
          animation.currentTime = 0;
          animation.play();
        }
      }
    }
  }
  awareness.on("change", onChange);
  return () => awareness.off("change", onChange);
}
