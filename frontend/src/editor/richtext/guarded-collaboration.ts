import { Collaboration } from "@tiptap/extension-collaboration";
import type { EditorState, PluginView } from "@tiptap/pm/state";
import type { EditorView } from "@tiptap/pm/view";
import { ySyncPluginKey } from "@tiptap/y-tiptap";
import type * as Y from "yjs";

/** Says whether an editor may be bound to the shared document, and when that may have changed. */
export interface Gate {
  isOpen(): boolean;
  /** Calls before any observer of the document is called. Returns the function that ends it. */
  subscribe(listener: () => void): () => void;
  /** The gate was closed to this editor, which is bound no more. */
  onClosed?(view: EditorView): void;
}

/**
 * Tiptap's collaboration as long as the gate is open. Once it is closed, the editor neither hears
 * of the shared document nor writes to it, for good: y-tiptap would take out what it cannot make
 * nodes of.
 */
export function createGuardedCollaboration(fragment: Y.XmlFragment, gate: Gate) {
  return Collaboration.extend({
    addProseMirrorPlugins() {
      const plugins = this.parent?.() ?? [];
      const sync = plugins.find((plugin) => plugin.spec.key === ySyncPluginKey);
      const bind = sync?.spec.view;
      if (sync === undefined || bind === undefined) {
        throw new Error("The collaboration extension has no plugin to be guarded.");
      }
      sync.spec.view = (view) => guard(view, bind, gate);
      return plugins;
    },
  }).configure({ fragment });
}

function guard(view: EditorView, bind: (view: EditorView) => PluginView, gate: Gate): PluginView {
  let bound: PluginView | null = null;
  const stopWatching = gate.subscribe(() => {
    if (!gate.isOpen()) {
      unbind();
      gate.onClosed?.(view);
    }
  });
  function unbind(): void {
    stopWatching();
    bound?.destroy?.();
    bound = null;
  }
  if (gate.isOpen()) {
    bound = bind(view);
  } else {
    unbind();
  }
  return {
    update: (current: EditorView, previous: EditorState) => bound?.update?.(current, previous),
    destroy: unbind,
  };
}
