import type { RelativeRange } from "../api/types";
import { Observable } from "../provider";

/** Of the passage that a comment is being written about. */
export const DRAFT = "draft";

/** A passage that an editor highlights. */
export interface CommentMark {
  key: string;
  range: RelativeRange;
}

/** What an editor can do for the page around it. */
export interface EditorHost {
  /** The passage that is selected, as it can be kept; `null` when nothing is. */
  readSelection(): { range: RelativeRange; quote: string } | null;
  /** Brings a highlighted passage into sight. */
  reveal(key: string): void;
  /** Brings somebody's cursor into sight; false when they have none in this text. */
  revealCursor(client: number): boolean;
  focus(): void;
}

/**
 * What the page and its editor tell each other about comments. The page says what to highlight; the
 * editor says where on the page that is. Nothing of it is written to the document.
 */
export class CommentLayer {
  readonly marks = new Observable<readonly CommentMark[]>([]);
  /** The mark that stands out. */
  readonly active = new Observable<string | null>(null);
  /**
   * How far below the top of `main` each mark begins, in pixels. One whose text is gone has no
   * place; `null` as long as no editor has looked.
   */
  readonly tops = new Observable<ReadonlyMap<string, number> | null>(null);
  /** Where the selection begins, likewise; `null` when nothing is selected. */
  readonly selectionTop = new Observable<number | null>(null);
  host: EditorHost | null = null;
  /** Somebody clicked on a mark, or beside all. */
  onPick: (key: string | null) => void = () => undefined;
}

export function threadKey(id: number): string {
  return `thread-${id}`;
}

/** The key of the mark that an element of the text stands in. */
export function markAt(target: EventTarget | null): string | null {
  const element = target instanceof Element ? target.closest("[data-comment]") : null;
  return element?.getAttribute("data-comment") ?? null;
}

export function equalTops(
  one: ReadonlyMap<string, number> | null,
  other: ReadonlyMap<string, number>,
): boolean {
  return (
    one !== null &&
    one.size === other.size &&
    [...other].every(([key, top]) => one.get(key) === top)
  );
}

/** Runs an action after a while in which more calls change nothing. */
export class Later {
  readonly #action: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(action: () => void) {
    this.#action = action;
  }

  request(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#action();
    }, milliseconds);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

/** Scrolls as the person likes it. */
export function scrollBehavior(): ScrollBehavior {
  return window.matchMedia?.("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
}
