import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconBlockquote,
  IconBold,
  IconCode,
  IconHighlight,
  IconItalic,
  IconList,
  IconListCheck,
  IconListNumbers,
  IconStrikethrough,
  IconUnderline,
} from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import type { KeyboardEvent, ReactNode } from "react";
import { BlockMenu } from "./BlockMenu";
import { ImageControl } from "./ImageControl";
import { MoreMenu } from "./MoreMenu";
import { TableMenu } from "./TableMenu";
import classes from "./Toolbar.module.css";
import { ToolbarButton } from "./ToolbarButton";
import { useToolbarState } from "./toolbar-state";

const SIZE = 18;
const STROKE = 1.8;

interface ToolbarProps {
  editor: Editor;
  /** The control of links, which others open too. */
  link: ReactNode;
}

export function Toolbar({ editor, link }: ToolbarProps) {
  const state = useToolbarState(editor);
  const run = () => editor.chain().focus();
  return (
    <div
      className={classes.toolbar}
      role="toolbar"
      aria-label="Formatting"
      aria-orientation="horizontal"
      onKeyDown={moveFocus}
    >
      <div className={classes.inner}>
        <ToolbarButton
          label="Undo"
          shortcut="Mod+Z"
          icon={<IconArrowBackUp size={SIZE} stroke={STROKE} />}
          disabled={!state.canUndo}
          onClick={() => run().undo().run()}
        />
        <ToolbarButton
          label="Redo"
          shortcut="Mod+Shift+Z"
          icon={<IconArrowForwardUp size={SIZE} stroke={STROKE} />}
          disabled={!state.canRedo}
          onClick={() => run().redo().run()}
        />
        <span className={classes.gap} />
        <BlockMenu editor={editor} block={state.block} />
        <span className={classes.gap} />
        <ToolbarButton
          label="Bold"
          shortcut="Mod+B"
          icon={<IconBold size={SIZE} stroke={2.2} />}
          active={state.bold}
          onClick={() => run().toggleBold().run()}
        />
        <ToolbarButton
          label="Italic"
          shortcut="Mod+I"
          icon={<IconItalic size={SIZE} stroke={STROKE} />}
          active={state.italic}
          onClick={() => run().toggleItalic().run()}
        />
        <ToolbarButton
          label="Underline"
          shortcut="Mod+U"
          icon={<IconUnderline size={SIZE} stroke={STROKE} />}
          active={state.underline}
          onClick={() => run().toggleUnderline().run()}
        />
        <ToolbarButton
          label="Strikethrough"
          shortcut="Mod+Shift+S"
          icon={<IconStrikethrough size={SIZE} stroke={STROKE} />}
          active={state.strike}
          onClick={() => run().toggleStrike().run()}
        />
        <ToolbarButton
          label="Code"
          shortcut="Mod+E"
          icon={<IconCode size={SIZE} stroke={STROKE} />}
          active={state.code}
          onClick={() => run().toggleCode().run()}
        />
        <ToolbarButton
          label="Highlight"
          shortcut="Mod+Shift+H"
          icon={<IconHighlight size={SIZE} stroke={STROKE} />}
          active={state.highlight}
          onClick={() => run().toggleHighlight().run()}
        />
        {link}
        <span className={classes.gap} />
        <ToolbarButton
          label="Bullet list"
          shortcut="Mod+Shift+8"
          icon={<IconList size={SIZE} stroke={STROKE} />}
          active={state.bulletList}
          onClick={() => run().toggleBulletList().run()}
        />
        <ToolbarButton
          label="Numbered list"
          shortcut="Mod+Shift+7"
          icon={<IconListNumbers size={SIZE} stroke={STROKE} />}
          active={state.orderedList}
          onClick={() => run().toggleOrderedList().run()}
        />
        <ToolbarButton
          label="Task list"
          shortcut="Mod+Shift+9"
          icon={<IconListCheck size={SIZE} stroke={STROKE} />}
          active={state.taskList}
          onClick={() => run().toggleTaskList().run()}
        />
        <ToolbarButton
          label="Quote"
          shortcut="Mod+Shift+B"
          icon={<IconBlockquote size={SIZE} stroke={STROKE} />}
          active={state.blockquote}
          onClick={() => run().toggleBlockquote().run()}
        />
        <span className={classes.gap} />
        <ImageControl editor={editor} />
        <TableMenu editor={editor} inTable={state.table} />
        <MoreMenu editor={editor} state={state} />
      </div>
    </div>
  );
}

/** Arrows walk along the buttons, as in every toolbar. */
function moveFocus(event: KeyboardEvent<HTMLDivElement>): void {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (step === undefined) {
    return;
  }
  const buttons = [...event.currentTarget.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const index = buttons.indexOf(document.activeElement as HTMLElement);
  const next = buttons.at((index + step) % buttons.length);
  if (index >= 0 && next !== undefined) {
    event.preventDefault();
    next.focus();
  }
}
