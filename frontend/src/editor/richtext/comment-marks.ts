import { Extension } from "@tiptap/core";
import { type EditorState, Plugin, PluginKey, TextSelection } from "@tiptap/pm/state";
import { Decoration, DecorationSet, type EditorView } from "@tiptap/pm/view";
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import type { RelativeRange } from "../../api/types";
import {
  type CommentLayer,
  type EditorHost,
  equalTops,
  Later,
  markAt,
  scrollBehavior,
} from "../comment-layer";
import { hasDrawableCursor } from "../shared-cursor";

const key = new PluginKey<DecorationSet>("commentMarks");

/** What was typed moves the marks at once; where Yjs has them is looked at when it is quiet. */
const SETTLE_MS = 150;
const MEASURE_MS = 30;

/** Highlights of what has comments. They are drawn over the document, which knows nothing of them. */
export function createCommentMarks(layer: CommentLayer, awareness: Awareness) {
  return Extension.create({
    name: "commentMarks",

    addProseMirrorPlugins: () => [
      new Plugin<DecorationSet>({
        key,
        state: {
          init: () => DecorationSet.empty,
          apply: (transaction, marks) =>
            (transaction.getMeta(key) as DecorationSet | undefined) ??
            marks.map(transaction.mapping, transaction.doc),
        },
        props: {
          decorations: (state) => key.getState(state),
          handleClick: (_view, _position, event) => {
            layer.onPick(markAt(event.target));
            return false;
          },
        },
        view: (view) => new CommentMarks(view, layer, awareness),
      }),
    ],
  });
}

class CommentMarks implements EditorHost {
  readonly #view: EditorView;
  readonly #layer: CommentLayer;
  readonly #awareness: Awareness;
  readonly #drawing = new Later(() => this.#draw());
  readonly #measuring = new Later(() => this.#measure());
  readonly #sizes: ResizeObserver | null;
  readonly #ends: (() => void)[];

  constructor(view: EditorView, layer: CommentLayer, awareness: Awareness) {
    this.#view = view;
    this.#layer = layer;
    this.#awareness = awareness;
    layer.host = this;
    this.#ends = [
      layer.marks.subscribe(() => this.#drawing.request(0)),
      layer.active.subscribe(() => this.#drawing.request(0)),
    ];
    this.#sizes =
      typeof ResizeObserver === "undefined"
        ? null
        : new ResizeObserver(() => this.#measuring.request(0));
    this.#sizes?.observe(view.dom);
    this.#drawing.request(0);
  }

  update(view: EditorView, before: EditorState): void {
    if (view.state.doc !== before.doc && this.#layer.marks.get().length > 0) {
      this.#drawing.request(SETTLE_MS);
    }
    // Without comments and selections a keystroke costs nothing.
    const hasPlaces =
      this.#layer.marks.get().length > 0 ||
      !view.state.selection.empty ||
      this.#layer.selectionTop.get() !== null;
    if (view.state !== before && hasPlaces) {
      this.#measuring.request(MEASURE_MS);
    }
  }

  destroy(): void {
    for (const end of this.#ends) {
      end();
    }
    this.#drawing.cancel();
    this.#measuring.cancel();
    this.#sizes?.disconnect();
    if (this.#layer.host === this) {
      this.#layer.host = null;
      this.#layer.selectionTop.set(null);
    }
  }

  readSelection(): { range: RelativeRange; quote: string } | null {
    const { state } = this.#view;
    const { from, to, empty } = state.selection;
    const sync = ySyncPluginKey.getState(state);
    if (empty || !sync?.binding) {
      return null;
    }
    const { doc, type, binding } = sync;
    const [start, end] = [from, to].map((position, side) => {
      const relative = absolutePositionToRelativePosition(position, type, binding.mapping);
      return bind(relative, doc, side === 0 ? 0 : -1);
    });
    const quote = state.doc.textBetween(from, to, "\n");
    return !start || !end || quote.trim() === ""
      ? null
      : {
          range: { start: Y.relativePositionToJSON(start), end: Y.relativePositionToJSON(end) },
          quote,
        };
  }

  reveal(mark: string): void {
    this.#view.dom
      .querySelector(`[data-comment="${CSS.escape(mark)}"]`)
      ?.scrollIntoView({ block: "center", behavior: scrollBehavior() });
  }

  revealCursor(client: number): boolean {
    // Asked of the awareness: the editor draws the carets a moment later.
    const state = this.#awareness.getStates().get(client);
    const sync = ySyncPluginKey.getState(this.#view.state);
    const head = hasDrawableCursor(state) && sync?.binding ? locate(state.cursor.head, sync) : null;
    if (head === null) {
      return false;
    }
    const { top } = this.#view.coordsAtPos(Math.min(head, this.#view.state.doc.content.size));
    window.scrollBy({ top: top - window.innerHeight / 2, behavior: scrollBehavior() });
    return true;
  }

  focus(): void {
    this.#view.focus();
  }

  #draw(): void {
    const { state } = this.#view;
    const sync = ySyncPluginKey.getState(state);
    const marks = this.#layer.marks.get();
    if (this.#view.isDestroyed || !sync?.binding) {
      return;
    }
    const active = this.#layer.active.get();
    const drawn: Decoration[] = [];
    for (const { key: mark, range } of marks) {
      const from = locate(range.start, sync);
      const to = locate(range.end, sync);
      if (from !== null && to !== null && from < to && to <= state.doc.content.size) {
        const isActive = mark === active;
        drawn.push(
          Decoration.inline(
            from,
            to,
            {
              class: isActive ? "comment-mark comment-mark--active" : "comment-mark",
              "data-comment": mark,
            },
            { mark },
          ),
        );
      }
    }
    const before = key.getState(state);
    if (drawn.length > 0 || before !== DecorationSet.empty) {
      const set = DecorationSet.create(state.doc, drawn);
      this.#view.dispatch(state.tr.setMeta(key, set).setMeta("addToHistory", false));
    }
    this.#measure();
  }

  #measure(): void {
    const view = this.#view;
    const origin = view.dom.closest("main")?.getBoundingClientRect().top;
    if (view.isDestroyed || origin === undefined) {
      return;
    }
    const tops = new Map<string, number>();
    for (const { from, to, spec } of key.getState(view.state)?.find() ?? []) {
      if (from < to) {
        tops.set(spec.mark as string, Math.round(view.coordsAtPos(from, 1).top - origin));
      }
    }
    if (!equalTops(this.#layer.tops.get(), tops)) {
      this.#layer.tops.set(tops);
    }
    const { selection } = view.state;
    const isText = selection instanceof TextSelection && !selection.empty;
    this.#layer.selectionTop.set(
      isText ? Math.round(view.coordsAtPos(selection.from, 1).top - origin) : null,
    );
  }
}

interface SyncState {
  doc: Y.Doc;
  type: Y.XmlFragment;
  binding: { mapping: Parameters<typeof relativePositionToAbsolutePosition>[3] };
}

/** Where a kept position is in the editor now; `null` when it is not in this text any more. */
function locate(position: unknown, { doc, type, binding }: SyncState): number | null {
  // As y-tiptap makes them itself: it refuses the start of a document as the place of a letter.
  const relative = bind(Y.createRelativePositionFromJSON(position), doc, -1);
  return relative && relativePositionToAbsolutePosition(doc, type, relative, binding.mapping);
}

/** The same place, bound to the character before it (-1) or behind it (0), and to no other. */
function bind(position: Y.RelativePosition, doc: Y.Doc, side: 0 | -1): Y.RelativePosition | null {
  const place = Y.createAbsolutePositionFromRelativePosition(position, doc);
  return place && Y.createRelativePositionFromTypeIndex(place.type, place.index, side);
}
