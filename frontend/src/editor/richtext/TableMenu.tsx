import { Menu } from "@mantine/core";
import {
  IconColumnInsertLeft,
  IconColumnInsertRight,
  IconColumnRemove,
  IconRowInsertBottom,
  IconRowInsertTop,
  IconRowRemove,
  IconTable,
  IconTableMinus,
  IconTableRow,
} from "@tabler/icons-react";
import type { ChainedCommands, Editor } from "@tiptap/core";
import type { ReactNode } from "react";
import { ToolbarButton } from "./ToolbarButton";

interface TableAction {
  label: string;
  icon: ReactNode;
  apply: (chain: ChainedCommands) => ChainedCommands;
}

const SIZE = 17;
const GROUPS: TableAction[][] = [
  [
    {
      label: "Row above",
      icon: <IconRowInsertTop size={SIZE} />,
      apply: (chain) => chain.addRowBefore(),
    },
    {
      label: "Row below",
      icon: <IconRowInsertBottom size={SIZE} />,
      apply: (chain) => chain.addRowAfter(),
    },
    {
      label: "Column before",
      icon: <IconColumnInsertLeft size={SIZE} />,
      apply: (chain) => chain.addColumnBefore(),
    },
    {
      label: "Column after",
      icon: <IconColumnInsertRight size={SIZE} />,
      apply: (chain) => chain.addColumnAfter(),
    },
  ],
  [
    {
      label: "Header row on or off",
      icon: <IconTableRow size={SIZE} />,
      apply: (chain) => chain.toggleHeaderRow(),
    },
  ],
  [
    {
      label: "Delete row",
      icon: <IconRowRemove size={SIZE} />,
      apply: (chain) => chain.deleteRow(),
    },
    {
      label: "Delete column",
      icon: <IconColumnRemove size={SIZE} />,
      apply: (chain) => chain.deleteColumn(),
    },
    {
      label: "Delete table",
      icon: <IconTableMinus size={SIZE} />,
      apply: (chain) => chain.deleteTable(),
    },
  ],
];

/** Outside of a table it makes one; inside it changes the one around the caret. */
export function TableMenu({ editor, inTable }: { editor: Editor; inTable: boolean }) {
  const icon = <IconTable size={18} stroke={1.8} />;
  if (!inTable) {
    return (
      <ToolbarButton
        label="Table"
        icon={icon}
        onClick={() =>
          editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run()
        }
      />
    );
  }
  return (
    <Menu position="bottom-end" width={210} returnFocus={false}>
      <Menu.Target>
        <ToolbarButton label="Change table" icon={icon} active />
      </Menu.Target>
      <Menu.Dropdown>
        {GROUPS.map((group, index) => (
          <div key={group[0]?.label}>
            {index > 0 && <Menu.Divider />}
            {group.map(({ label, icon: itemIcon, apply }) => (
              <Menu.Item
                key={label}
                leftSection={itemIcon}
                onClick={() => apply(editor.chain().focus()).run()}
              >
                {label}
              </Menu.Item>
            ))}
          </div>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
