import { ActionIcon, Anchor, Paper } from "@mantine/core";
import { IconPencil, IconUnlink } from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { BubbleMenu } from "@tiptap/react/menus";
import { isAllowedLink } from "./links";

interface LinkBubbleProps {
  editor: Editor;
  onEdit: () => void;
}

/** Beside a link that the caret is in: where it leads, and what can be done to it. */
export function LinkBubble({ editor, onEdit }: LinkBubbleProps) {
  const href = useEditorState({
    editor,
    selector: ({ editor: current }) => String(current.getAttributes("link").href ?? ""),
  });
  return (
    <BubbleMenu
      editor={editor}
      pluginKey="linkBubble"
      shouldShow={({ editor: current, state }) =>
        current.isActive("link") && state.selection.empty && current.isEditable
      }
      options={{ placement: "bottom-start", offset: 6 }}
    >
      <Paper
        shadow="md"
        radius="md"
        withBorder
        p={4}
        pl={10}
        style={{ display: "flex", alignItems: "center", gap: 4, maxWidth: 340 }}
      >
        {isAllowedLink(href) ? (
          <Anchor href={href} target="_blank" rel="noopener noreferrer" size="sm" truncate="end">
            {href.replace(/^(https?:\/\/|mailto:)/, "")}
          </Anchor>
        ) : (
          <span>{href}</span>
        )}
        <ActionIcon aria-label="Change link" onClick={onEdit}>
          <IconPencil size={16} />
        </ActionIcon>
        <ActionIcon
          aria-label="Remove link"
          onClick={() => editor.chain().focus().extendMarkRange("link").unsetLink().run()}
        >
          <IconUnlink size={16} />
        </ActionIcon>
      </Paper>
    </BubbleMenu>
  );
}
