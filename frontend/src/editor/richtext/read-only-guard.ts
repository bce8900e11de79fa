import { Extension } from "@tiptap/core";
import { Plugin } from "@tiptap/pm/state";
import { ySyncPluginKey } from "@tiptap/y-tiptap";

/**
 * In an editor that may not edit, only what comes from others changes the document. Some plugins
 * repair what they see (a table with a hole, for one), and a viewer's repair would never be saved.
 */
export const ReadOnlyGuard = Extension.create({
  name: "readOnlyGuard",

  addProseMirrorPlugins() {
    const { editor } = this;
    return [
      new Plugin({
        filterTransaction: (transaction) =>
          !transaction.docChanged ||
          editor.isEditable ||
          transaction.getMeta(ySyncPluginKey) !== undefined,
      }),
    ];
  },
});
