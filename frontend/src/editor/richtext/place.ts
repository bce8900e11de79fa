import type { Editor } from "@tiptap/core";
import type { EditorView } from "@tiptap/pm/view";
import { relativePositionToAbsolutePosition, ySyncPluginKey } from "@tiptap/y-tiptap";
import type { RelativePosition } from "yjs";

/** Where somebody is in the shared document, whatever happens to the editor. */
export interface Place {
  anchor: RelativePosition;
  head: RelativePosition;
}

/**
 * Where somebody is who types in `view`, as y-tiptap has noted it before the transaction that is
 * under way; afterwards it can no longer be told.
 */
export function notePlace(view: EditorView): Place | null {
  const before = ySyncPluginKey.getState(view.state)?.binding.beforeTransactionSelection;
  return view.hasFocus() && before?.anchor && before.head
    ? { anchor: before.anchor, head: before.head }
    : null;
}

/** Goes on typing there, at once: Tiptap's own command waits a frame, and a letter would be lost. */
export function returnTo(editor: Editor, { anchor, head }: Place): void {
  const { doc, type, binding } = ySyncPluginKey.getState(editor.state);
  const [from, to] = [anchor, head].map((position) =>
    relativePositionToAbsolutePosition(doc, type, position, binding.mapping),
  );
  if (from != null && to != null) {
    editor.commands.setTextSelection({ from: Math.min(from, to), to: Math.max(from, to) });
    editor.view.focus();
  }
}
