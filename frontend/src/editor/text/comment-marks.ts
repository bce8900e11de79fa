import { type Extension, type Range, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  EditorView,
  ViewPlugin,
  type ViewUpdate,
} from "@codemirror/view";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { RelativeRange } from "../../api/types";
import { type CommentLayer, type EditorHost, equalTops, Later, markAt } from "../comment-layer";
import { hasDrawableCursor } from "../shared-cursor";

const SETTLE_MS = 150;
const MEASURE_MS = 30;

const drawMarks = StateEffect.define<DecorationSet>();

const markField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) {
      if (effect.is(drawMarks)) {
        return effect.value;
      }
    }
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Highlights of what has comments. They are drawn over the text, which knows nothing of them. */
export function createCommentMarks(
  text: Y.Text,
  awareness: Awareness,
  layer: CommentLayer,
): Extension {
  return [
    markField,
    ViewPlugin.define((view) => new CommentMarks(view, text, awareness, layer)),
    EditorView.domEventHandlers({
      click: (event) => layer.onPick(markAt(event.target)),
    }),
  ];
}

class CommentMarks implements EditorHost {
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #awareness: Awareness;
  readonly #layer: CommentLayer;
  readonly #drawing = new Later(() => this.#draw());
  readonly #measuring = new Later(() => this.#measure());
  readonly #ends: (() => void)[];

  constructor(view: EditorView, text: Y.Text, awareness: Awareness, layer: CommentLayer) {
    this.#view = view;
    this.#text = text;
    this.#awareness = awareness;
    this.#layer = layer;
    layer.host = this;
    this.#ends = [
      layer.marks.subscribe(() => this.#drawing.request(0)),
      layer.active.subscribe(() => this.#drawing.request(0)),
    ];
    this.#drawing.request(0);
  }

  update(update: ViewUpdate): void {
    if (update.docChanged && this.#layer.marks.get().length > 0) {
      this.#drawing.request(SETTLE_MS);
    }
    // Without comments and selections a keystroke costs nothing.
    const hasPlaces =
      this.#layer.marks.get().length > 0 ||
      !update.state.selection.main.empty ||
      this.#layer.selectionTop.get() !== null;
    if (hasPlaces && (update.docChanged || update.selectionSet || update.geometryChanged)) {
      this.#measuring.request(MEASURE_MS);
    }
  }

  destroy(): void {
    for (const end of this.#ends) {
      end();
    }
    this.#drawing.cancel();
    this.#measuring.cancel();
    if (this.#layer.host === this) {
      this.#layer.host = null;
      this.#layer.selectionTop.set(null);
    }
  }

  readSelection(): { range: RelativeRange; quote: string } | null {
    const { from, to } = this.#view.state.selection.main;
    const quote = this.#view.state.sliceDoc(from, to);
    if (quote.trim() === "") {
      return null;
    }
    const at = (index: number, side: number) =>
      Y.relativePositionToJSON(Y.createRelativePositionFromTypeIndex(this.#text, index, side));
    // Bound to its first and its last character: what is typed beside them is not part of it.
    return { range: { start: at(from, 0), end: at(to, -1) }, quote };
  }

  reveal(mark: string): void {
    const iterator = this.#view.state.field(markField).iter();
    for (; iterator.value !== null; iterator.next()) {
      if (iterator.value.spec.mark === mark) {
        this.#scrollTo(iterator.from);
        return;
      }
    }
  }

  revealCursor(client: number): boolean {
    const state = this.#awareness.getStates().get(client);
    const head = hasDrawableCursor(state) ? this.#locate(state.cursor.head) : null;
    if (head !== null) {
      this.#scrollTo(head);
    }
    return head !== null;
  }

  focus(): void {
    this.#view.focus();
  }

  #scrollTo(position: number): void {
    this.#view.dispatch({ effects: EditorView.scrollIntoView(position, { y: "center" }) });
  }

  #draw(): void {
    const active = this.#layer.active.get();
    const ranges: Range<Decoration>[] = [];
    for (const { key, range } of this.#layer.marks.get()) {
      const from = this.#locate(range.start);
      const to = this.#locate(range.end);
      if (from !== null && to !== null && from < to) {
        const mark = Decoration.mark({
          class: key === active ? "comment-mark comment-mark--active" : "comment-mark",
          attributes: { "data-comment": key },
          mark: key,
        });
        ranges.push(mark.range(from, to));
      }
    }
    if (ranges.length > 0 || this.#view.state.field(markField) !== Decoration.none) {
      this.#view.dispatch({ effects: drawMarks.of(Decoration.set(ranges, true)) });
    }
    this.#measure();
  }

  #measure(): void {
    const view = this.#view;
    const origin = view.dom.closest("main")?.getBoundingClientRect().top;
    if (origin === undefined) {
      return;
    }
    // Lines that are not drawn have a place too.
    const topOf = (position: number) =>
      Math.round(
        (view.coordsAtPos(position, 1)?.top ?? view.lineBlockAt(position).top + view.documentTop) -
          origin,
      );
    const tops = new Map<string, number>();
    const iterator = view.state.field(markField).iter();
    for (; iterator.value !== null; iterator.next()) {
      tops.set(iterator.value.spec.mark as string, topOf(iterator.from));
    }
    if (!equalTops(this.#layer.tops.get(), tops)) {
      this.#layer.tops.set(tops);
    }
    const { from, empty } = view.state.selection.main;
    this.#layer.selectionTop.set(empty ? null : topOf(from));
  }

  /** Where a kept position is now; `null` when it is not in this text. */
  #locate(position: unknown): number | null {
    if (this.#text.doc === null) {
      return null;
    }
    const relative = Y.createRelativePositionFromJSON(position);
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, this.#text.doc);
    if (absolute === null || absolute.type !== this.#text) {
      return null;
    }
    return Math.min(absolute.index, this.#view.state.doc.length);
  }
}
