import { Annotation, type Range } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  type EditorView,
  ViewPlugin,
  type ViewUpdate,
  WidgetType,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { colourOf } from "../../people/colour";
import { createCaret, identify, showNamesOnMove } from "../carets";
import { hasDrawableCursor, type SharedCursor } from "../shared-cursor";

const cursorsMoved = Annotation.define<boolean>();

/**
 * Shows where the others are, and tells them where we are. Our own instead of that of
 * y-codemirror.next, which works out every cursor anew with every keystroke, and writes style
 * attributes that the page's policy refuses.
 */
export function remoteCursors(text: Y.Text, awareness: Awareness) {
  return ViewPlugin.define((view) => new RemoteCursors(view, text, awareness), {
    decorations: (cursors) => cursors.decorations,
  });
}

class RemoteCursors {
  decorations: DecorationSet;
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #awareness: Awareness;
  readonly #forgetNames: () => void;

  constructor(view: EditorView, text: Y.Text, awareness: Awareness) {
    this.#view = view;
    this.#text = text;
    this.#awareness = awareness;
    this.decorations = this.#draw();
    awareness.on("change", this.#onChange);
    this.#forgetNames = showNamesOnMove(view.dom, awareness);
  }

  destroy(): void {
    this.#awareness.off("change", this.#onChange);
    this.#forgetNames();
    this.#share(null);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged || update.selectionSet || update.focusChanged) {
      this.#shareSelection();
    }
    if (update.transactions.some((transaction) => transaction.annotation(cursorsMoved))) {
      this.decorations = this.#draw();
    } else if (update.docChanged) {
      this.decorations = this.decorations.map(update.changes);
    }
  }

  readonly #onChange = (changes: { added: number[]; updated: number[]; removed: number[] }) => {
    const self = this.#awareness.clientID;
    const isOther = [changes.added, changes.updated, changes.removed].some((clients) =>
      clients.some((client) => client !== self),
    );
    if (isOther) {
      this.#view.dispatch({ annotations: cursorsMoved.of(true) });
    }
  };

  #shareSelection(): void {
    if (!this.#view.hasFocus) {
      this.#share(null);
      return;
    }
    const { anchor, head } = this.#view.state.selection.main;
    // As they are and not as Yjs writes them to JSON, which leaves the nulls out: other editors
    // compare with null, and y-codemirror.next stops at a field that is missing.
    this.#share({
      anchor: Y.createRelativePositionFromTypeIndex(this.#text, anchor),
      head: Y.createRelativePositionFromTypeIndex(this.#text, head),
    });
  }

  #share(cursor: SharedCursor | null): void {
    const state = this.#awareness.getLocalState();
    if (state !== null && JSON.stringify(state.cursor ?? null) !== JSON.stringify(cursor)) {
      this.#awareness.setLocalStateField("cursor", cursor);
    }
  }

  #draw(): DecorationSet {
    const ranges: Range<Decoration>[] = [];
    for (const [client, state] of this.#awareness.getStates()) {
      if (client === this.#awareness.clientID || !hasDrawableCursor(state)) {
        continue;
      }
      const anchor = this.#locate(state.cursor.anchor);
      const head = this.#locate(state.cursor.head);
      if (anchor === null || head === null) {
        continue;
      }
      const { id, name } = identify((state as { user?: unknown }).user);
      const colour = colourOf(id);
      if (anchor !== head) {
        const mark = Decoration.mark({
          class: "cm-remote-selection",
          attributes: { style: `background-color: ${colour}33` },
        });
        ranges.push(mark.range(Math.min(anchor, head), Math.max(anchor, head)));
      }
      const widget = new CaretWidget(client, name, colour);
      ranges.push(Decoration.widget({ widget, side: anchor < head ? -1 : 1 }).range(head));
    }
    return Decoration.set(ranges, true);
  }

  /** Where a shared position is now; `null` when it is not in this text. */
  #locate(position: unknown): number | null {
    if (this.#text.doc === null) {
      return null;
    }
    const relative = Y.createRelativePositionFromJSON(position);
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, this.#text.doc);
    if (absolute === null || absolute.type !== this.#text) {
      return null;
    }
    // A cursor can be ahead of what the editor shows within the same turn.
    return Math.min(absolute.index, this.#view.state.doc.length);
  }
}

class CaretWidget extends WidgetType {
  readonly #client: number;
  readonly #name: string;
  readonly #colour: string;

  constructor(client: number, name: string, colour: string) {
    super();
    this.#client = client;
    this.#name = name;
    this.#colour = colour;
  }

  override eq(other: CaretWidget): boolean {
    return other.#client === this.#client && other.#name === this.#name;
  }

  override toDOM(): HTMLElement {
    return createCaret({ client: this.#client, name: this.#name, colour: this.#colour });
  }

  override ignoreEvent(): boolean {
    return true;
  }
}
