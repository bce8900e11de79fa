import { Menu } from "@mantine/core";
import {
  IconAlignCenter,
  IconAlignJustified,
  IconAlignLeft,
  IconAlignRight,
  IconCheck,
  IconClearFormatting,
  IconDotsVertical,
  IconSeparatorHorizontal,
  IconSubscript,
  IconSuperscript,
} from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { ToolbarButton } from "./ToolbarButton";
import type { Alignment, ToolbarState } from "./toolbar-state";

const SIZE = 17;
const ALIGNMENTS: { align: Alignment; label: string; icon: typeof IconAlignLeft }[] = [
  { align: "left", label: "Align left", icon: IconAlignLeft },
  { align: "center", label: "Centre", icon: IconAlignCenter },
  { align: "right", label: "Align right", icon: IconAlignRight },
  { align: "justify", label: "Justify", icon: IconAlignJustified },
];

/** What is needed less often. */
export function MoreMenu({ editor, state }: { editor: Editor; state: ToolbarState }) {
  const run = () => editor.chain().focus();
  const check = (active: boolean) => (active ? <IconCheck size={15} /> : null);
  return (
    <Menu position="bottom-end" width={210} returnFocus={false}>
      <Menu.Target>
        <ToolbarButton label="More formatting" icon={<IconDotsVertical size={18} stroke={1.8} />} />
      </Menu.Target>
      <Menu.Dropdown>
        {ALIGNMENTS.map(({ align, label, icon: Icon }) => (
          <Menu.Item
            key={align}
            leftSection={<Icon size={SIZE} />}
            rightSection={check(state.align === align)}
            onClick={() => run().setTextAlign(align).run()}
          >
            {label}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconSubscript size={SIZE} />}
          rightSection={check(state.subscript)}
          onClick={() => run().toggleSubscript().run()}
        >
          Subscript
        </Menu.Item>
        <Menu.Item
          leftSection={<IconSuperscript size={SIZE} />}
          rightSection={check(state.superscript)}
          onClick={() => run().toggleSuperscript().run()}
        >
          Superscript
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconSeparatorHorizontal size={SIZE} />}
          onClick={() => run().setHorizontalRule().run()}
        >
          Divider
        </Menu.Item>
        <Menu.Item
          leftSection={<IconClearFormatting size={SIZE} />}
          onClick={() => run().unsetAllMarks().clearNodes().run()}
        >
          Clear formatting
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
