import { Button, Menu } from "@mantine/core";
import { IconCheck, IconChevronDown } from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import classes from "./Toolbar.module.css";
import type { BlockKind } from "./toolbar-state";

const BLOCKS: { kind: BlockKind; label: string; level?: 1 | 2 | 3 | 4 | 5 | 6 }[] = [
  { kind: "paragraph", label: "Text" },
  { kind: "h1", label: "Heading 1", level: 1 },
  { kind: "h2", label: "Heading 2", level: 2 },
  { kind: "h3", label: "Heading 3", level: 3 },
  { kind: "h4", label: "Heading 4", level: 4 },
  { kind: "h5", label: "Heading 5", level: 5 },
  { kind: "h6", label: "Heading 6", level: 6 },
  { kind: "code", label: "Code block" },
];

/** What kind of block the caret is in. */
export function BlockMenu({ editor, block }: { editor: Editor; block: BlockKind }) {
  function choose(kind: BlockKind, level: (typeof BLOCKS)[number]["level"]): void {
    const chain = editor.chain().focus();
    if (level !== undefined) {
      chain.setHeading({ level }).run();
    } else if (kind === "code") {
      chain.setCodeBlock().run();
    } else {
      chain.setParagraph().run();
    }
  }

  const current = BLOCKS.find(({ kind }) => kind === block);
  return (
    <Menu position="bottom-start" width={180} returnFocus={false}>
      <Menu.Target>
        <Button
          className={classes.block}
          size="sm"
          h={34}
          px="xs"
          variant="subtle"
          color="gray"
          justify="space-between"
          fw={500}
          rightSection={<IconChevronDown size={14} />}
          aria-label={`Kind of block: ${current?.label}`}
        >
          {current?.label}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {BLOCKS.map(({ kind, label, level }) => (
          <Menu.Item
            key={kind}
            fw={level === undefined ? 400 : 640}
            fz={level === undefined ? 14 : Math.max(14, 20 - level * 1.6)}
            ff={kind === "code" ? "monospace" : "text"}
            rightSection={kind === block ? <IconCheck size={15} /> : null}
            onClick={() => choose(kind, level)}
          >
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
