import { Button, Group, Popover, TextInput } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { type FormEvent, useEffect, useState } from "react";
import { normalizeLink } from "./links";
import { ToolbarButton } from "./ToolbarButton";

/** Asked for from elsewhere: the shortcut, the bubble beside a link. */
export const EDIT_LINK = "edit-link";

/** Makes the selection a link, or changes the one that the caret is in. */
export function LinkControl({ editor, active }: { editor: Editor; active: boolean }) {
  const [opened, setOpened] = useState(false);
  const [address, setAddress] = useState("");
  const [error, setError] = useState<string | null>(null);

  useEffect(() => {
    const { dom } = editor.view;
    function open(): void {
      setAddress(String(editor.getAttributes("link").href ?? ""));
      setError(null);
      setOpened(true);
    }
    function onKeyDown(event: KeyboardEvent): void {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === "k") {
        event.preventDefault();
        open();
      }
    }
    dom.addEventListener("keydown", onKeyDown);
    dom.addEventListener(EDIT_LINK, open);
    return () => {
      dom.removeEventListener("keydown", onKeyDown);
      dom.removeEventListener(EDIT_LINK, open);
    };
  }, [editor]);

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
    setOpened(false);
  }

  function remove(): void {
    editor.chain().focus().extendMarkRange("link").unsetLink().run();
    setOpened(false);
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom" width={340} trapFocus>
      <Popover.Target>
        <div>
          <ToolbarButton
            label="Link"
            shortcut="Mod+K"
            icon={<IconLink size={18} stroke={1.8} />}
            active={active}
            onClick={() => editor.view.dom.dispatchEvent(new Event(EDIT_LINK))}
          />
        </div>
      </Popover.Target>
      <Popover.Dropdown>
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
      </Popover.Dropdown>
    </Popover>
  );
}
