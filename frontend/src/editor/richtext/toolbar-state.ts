import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";

export type BlockKind = "paragraph" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "code";

const MARKS = [
  "bold",
  "italic",
  "underline",
  "strike",
  "code",
  "highlight",
  "subscript",
  "superscript",
] as const;
const NODES = [
  "bulletList",
  "orderedList",
  "taskList",
  "blockquote",
  "codeBlock",
  "table",
] as const;
const ALIGNMENTS = ["left", "center", "right", "justify"] as const;

export type Alignment = (typeof ALIGNMENTS)[number];
export type ToolbarState = Record<(typeof MARKS)[number] | (typeof NODES)[number], boolean> & {
  block: BlockKind;
  align: Alignment;
  canUndo: boolean;
  canRedo: boolean;
};

/** What the toolbar shows. It renders when something of this changes, not with each keystroke. */
export function useToolbarState(editor: Editor): ToolbarState {
  return useEditorState({ editor, selector: ({ editor: current }) => readState(current) });
}

function readState(editor: Editor): ToolbarState {
  const active = Object.fromEntries(
    [...MARKS, ...NODES].map((name) => [name, editor.isActive(name)]),
  ) as Record<(typeof MARKS)[number] | (typeof NODES)[number], boolean>;
  return {
    ...active,
    block: readBlock(editor),
    align: ALIGNMENTS.find((align) => editor.isActive({ textAlign: align })) ?? "left",
    canUndo: editor.can().undo(),
    canRedo: editor.can().redo(),
  };
}

function readBlock(editor: Editor): BlockKind {
  const { parent } = editor.state.selection.$from;
  if (parent.type.name === "heading") {
    return `h${parent.attrs.level}` as BlockKind;
  }
  return parent.type.name === "codeBlock" ? "code" : "paragraph";
}
