import { ActionIcon, Menu, Text, Tooltip } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useState } from "react";
import { exportUrl } from "../api/documents";
import type { DocumentInfo, ExportFormat } from "../api/types";

const FORMATS: { format: ExportFormat; label: string; extension: string }[] = [
  { format: "md", label: "Markdown", extension: ".md" },
  { format: "html", label: "Web page", extension: ".html" },
  { format: "txt", label: "Plain text", extension: ".txt" },
  { format: "json", label: "Tiptap JSON", extension: ".json" },
  { format: "yjs", label: "Yjs update", extension: ".yjs" },
];

/** Formats that a document of a kind can be had in. */
export function ExportItems({ document, version }: { document: DocumentInfo; version?: number }) {
  const formats = FORMATS.filter(({ format }) => format !== "json" || document.kind === "richtext");
  return formats.map(({ format, label, extension }) => (
    <Menu.Item
      key={format}
      component="a"
      href={exportUrl(document.id, format, version)}
      download
      data-testid={`export-${format}`}
      rightSection={
        <Text size="xs" c="dimmed">
          {extension}
        </Text>
      }
    >
      {label}
    </Menu.Item>
  ));
}

export function ExportMenu({ document }: { document: DocumentInfo }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <Menu position="bottom-end" width={200} opened={isOpen} onChange={setIsOpen}>
      <Menu.Target>
        <Tooltip label="Download" disabled={isOpen}>
          <ActionIcon size={36} radius="xl" aria-label="Download" data-testid="export-menu">
            <IconDownload size={19} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Download as</Menu.Label>
        <ExportItems document={document} />
      </Menu.Dropdown>
    </Menu>
  );
}
