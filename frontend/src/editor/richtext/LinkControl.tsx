import { Button, Group, Popover, TextInput } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { useEditorState } from "@tiptap/react";
import { type FormEvent, useState } from "react";
import { normalizeLink } from "./links";
import { ToolbarButton } from "./ToolbarButton";

interface LinkControlProps {
  editor: Editor;
  opened: boolean;
  onOpen: () => void;
  onClose: () => void;
}

/** Makes the selection a link, or changes the one that the caret is in. */
export function LinkControl({ editor, opened, onOpen, onClose }: LinkControlProps) {
  const active = useEditorState({
    editor,
    selector: ({ editor: current }) => current.isActive("link"),
  });
  return (
    <Popover opened={opened} onDismiss={onClose} position="bottom" width={340} trapFocus>
      <Popover.Target>
        <ToolbarButton
          label="Link"
          shortcut="Mod+K"
          icon={<IconLink size={18} stroke={1.8} />}
          active={active}
          onClick={opened ? onClose : onOpen}
        />
      </Popover.Target>
      <Popover.Dropdown>
        <LinkForm editor={editor} active={active} onClose={onClose} />
      </Popover.Dropdown>
    </Popover>
  );
}

interface LinkFormProps {
  editor: Editor;
  active: boolean;
  onClose: () => void;
}

function LinkForm({ editor, active, onClose }: LinkFormProps) {
  const [address, setAddress] = useState(() => String(editor.getAttributes("link").href ?? ""));
  const [error, setError] = useState<string | null>(null);

  function submit(event: FormEvent): void {
    event.preventDefault();
    const href = normalizeLink(address);
    if (href === null) {
      setError("Enter a web address (https://…) or an e-mail address.");
      return;
    }
    const chain = editor.chain().focus().extendMarkRange("link");
    if (editor.state.selection.empty && !active) {
      const mark = { type: "link", attrs: { href } };
      chain.insertContent({ type: "text", text: address.trim(), marks: [mark] }).run();
    } else {
      chain.setLink({ href }).run();
    }
    onClose();
  }

  function remove(): void {
    editor.chain().focus().extendMarkRange("link").unsetLink().run();
    onClose();
  }

  return (
    <form onSubmit={submit}>
      <TextInput
        label="Link to"
        placeholder="https://"
        data-autofocus
        spellCheck={false}
        autoCapitalize="none"
        value={address}
        error={error}
        onChange={(event) => {
          setAddress(event.currentTarget.value);
          setError(null);
        }}
      />
      <Group justify="flex-end" gap="xs" mt="sm">
        {active && (
          <Button size="xs" variant="subtle" color="red" onClick={remove}>
            Remove link
          </Button>
        )}
        <Button size="xs" type="submit">
          {active ? "Change" : "Add link"}
        </Button>
      </Group>
    </form>
  );
}
