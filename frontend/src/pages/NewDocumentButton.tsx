import { ActionIcon, Button, Group, Menu, Text } from "@mantine/core";
import { IconChevronDown, IconCode, IconFileText, IconPlus } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { createDocument, documentQuery, invalidateLists } from "../api/documents";
import type { DocumentKind } from "../api/types";

const KINDS: { kind: DocumentKind; icon: typeof IconCode; title: string; text: string }[] = [
  {
    kind: "richtext",
    icon: IconFileText,
    title: "Document",
    text: "Headings, lists, tables, images",
  },
  { kind: "text", icon: IconCode, title: "Plain text", text: "Code, Markdown, notes" },
];

/** Makes a document and opens it. The small half offers the other kind. */
export function NewDocumentButton({ prominent = false }: { prominent?: boolean }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const create = useMutation({
    mutationFn: (kind: DocumentKind) => createDocument({ title: "Untitled", kind }),
    onSuccess: (document) => {
      client.setQueryData(documentQuery(document.id).queryKey, document);
      void invalidateLists(client);
      // The editor puts the caret into the title of a document that is as new as this.
      navigate(`/documents/${document.id}/`, { state: { isNew: true } });
    },
  });
  return (
    <Group gap={1} wrap="nowrap">
      <Button
        leftSection={<IconPlus size={18} />}
        loading={create.isPending}
        onClick={() => create.mutate("richtext")}
        bdrs="var(--mantine-radius-md) 0 0 var(--mantine-radius-md)"
        {...(prominent ? {} : { "data-testid": "new-document" })}
      >
        New document
      </Button>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <ActionIcon
            variant="filled"
            color="iris"
            size={36}
            bdrs="0 var(--mantine-radius-md) var(--mantine-radius-md) 0"
            aria-label="Choose a kind of document"
            {...(prominent ? {} : { "data-testid": "new-document-kind" })}
          >
            <IconChevronDown size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {KINDS.map(({ kind, icon: Icon, title, text }) => (
            <Menu.Item
              key={kind}
              leftSection={<Icon size={20} stroke={1.6} />}
              onClick={() => create.mutate(kind)}
              data-testid={`new-${kind}`}
            >
              {title}
              <Text size="xs" c="dimmed">
                {text}
              </Text>
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </Group>
  );
}
