import { Button, Group, Popover, TextInput } from "@mantine/core";
import { IconPhoto } from "@tabler/icons-react";
import type { Editor } from "@tiptap/core";
import { type FormEvent, useState } from "react";
import { normalizeImage } from "./links";
import { ToolbarButton } from "./ToolbarButton";

/** Puts in an image that is somewhere on the web. */
export function ImageControl({ editor }: { editor: Editor }) {
  const [opened, setOpened] = useState(false);
  const [address, setAddress] = useState("");
  const [description, setDescription] = useState("");
  const [error, setError] = useState<string | null>(null);

  function open(): void {
    setAddress("");
    setDescription("");
    setError(null);
    setOpened(true);
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    const src = normalizeImage(address);
    if (src === null) {
      setError("Enter the image's address; it starts with https://");
      return;
    }
    editor.chain().focus().setImage({ src, alt: description.trim() }).run();
    setOpened(false);
  }

  return (
    <Popover opened={opened} onChange={setOpened} position="bottom" width={340} trapFocus>
      <Popover.Target>
        <ToolbarButton label="Image" icon={<IconPhoto size={18} stroke={1.8} />} onClick={open} />
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <TextInput
            label="Address of the image"
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
          <TextInput
            mt="sm"
            label="What it shows"
            description="Read out to people who cannot see it."
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Group justify="flex-end" mt="sm">
            <Button size="xs" type="submit">
              Add image
            </Button>
          </Group>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
