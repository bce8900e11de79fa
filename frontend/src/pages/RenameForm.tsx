import { Button, Group, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { documentQuery, invalidateLists, renameDocument } from "../api/documents";
import type { DocumentInfo } from "../api/types";

interface RenameFormProps {
  document: DocumentInfo;
  onDone: () => void;
}

export function RenameForm({ document, onDone }: RenameFormProps) {
  const client = useQueryClient();
  const [title, setTitle] = useState(document.title);
  const rename = useMutation({
    mutationFn: () => renameDocument(document.id, title.trim()),
    onSuccess: (renamed) => {
      client.setQueryData(documentQuery(document.id).queryKey, renamed);
      void invalidateLists(client);
      onDone();
    },
    onError: () => undefined,
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    rename.mutate();
  }

  return (
    <form onSubmit={submit}>
      <TextInput
        aria-label="Title"
        data-autofocus
        maxLength={255}
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
        onFocus={(event) => event.currentTarget.select()}
        error={rename.error?.message}
      />
      <Group justify="flex-end" mt="md" gap="xs">
        <Button variant="subtle" color="gray" onClick={onDone}>
          Cancel
        </Button>
        <Button type="submit" loading={rename.isPending} disabled={title.trim() === ""}>
          Rename
        </Button>
      </Group>
    </form>
  );
}
