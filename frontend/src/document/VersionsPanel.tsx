import { ActionIcon, Button, Group, Menu, Skeleton, Stack, Text, TextInput } from "@mantine/core";
import { IconDots, IconHistory, IconRestore } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { keepVersion, restoreVersion, versionsQuery } from "../api/documents";
import type { DocumentInfo, Version } from "../api/types";
import { useVersions } from "../live/useLiveList";
import type { DocumentProvider } from "../provider";
import { confirm } from "../ui/confirm";
import { Message } from "../ui/Message";
import { notify } from "../ui/notify";
import { formatAgo, formatMoment } from "../ui/time";
import { ExportItems } from "./ExportMenu";
import classes from "./VersionsPanel.module.css";

interface VersionsPanelProps {
  document: DocumentInfo;
  provider: DocumentProvider;
}

/** States of the document that somebody wanted to keep. */
export default function VersionsPanel({ document, provider }: VersionsPanelProps) {
  const { data: versions, error } = useVersions(provider, document.id);
  return (
    <Stack gap="md">
      {document.abilities.create_version && <KeepForm documentId={document.id} />}
      {error !== null && <Text size="sm">{error.message}</Text>}
      {versions === undefined && error === null && <Skeleton height={56} />}
      {versions?.length === 0 && (
        <Message icon={<IconHistory size={26} />} title="No versions yet">
          Keep one before a big change; you can always come back to it.
        </Message>
      )}
      <ul className={classes.list} data-testid="versions">
        {versions?.map((version) => (
          <VersionRow key={version.id} document={document} version={version} />
        ))}
      </ul>
    </Stack>
  );
}

function KeepForm({ documentId }: { documentId: string }) {
  const client = useQueryClient();
  const [label, setLabel] = useState("");
  const keep = useMutation({
    mutationFn: () => keepVersion(documentId, label.trim()),
    onSuccess: () => {
      setLabel("");
      return client.invalidateQueries({ queryKey: versionsQuery(documentId).queryKey });
    },
  });

  function submit(event: FormEvent): void {
    event.preventDefault();
    keep.mutate();
  }

  return (
    <form onSubmit={submit}>
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <TextInput
          flex={1}
          label="Keep this state"
          placeholder="What is it? Draft, sent to print…"
          maxLength={255}
          value={label}
          onChange={(event) => setLabel(event.currentTarget.value)}
        />
        <Button type="submit" disabled={label.trim() === ""} loading={keep.isPending}>
          Keep
        </Button>
      </Group>
    </form>
  );
}

function VersionRow({ document, version }: { document: DocumentInfo; version: Version }) {
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: () => restoreVersion(document.id, version.id),
    onSuccess: () => {
      notify(`The document is as it was in “${version.label}”.`);
      return client.invalidateQueries({ queryKey: versionsQuery(document.id).queryKey });
    },
  });

  function askAndRestore(): void {
    confirm({
      title: `Restore “${version.label}”?`,
      text: "Everybody's editor goes back to this version. What was written since stays in the history, and further edits go on from here.",
      confirm: "Restore",
      onConfirm: () => restore.mutate(),
    });
  }

  return (
    <li className={classes.version}>
      <div className={classes.what}>
        <Text size="sm" fw={550} truncate title={version.label}>
          {version.label}
        </Text>
        <Text size="xs" c="dimmed" title={formatMoment(version.created_at)}>
          {formatAgo(version.created_at)}
          {version.author !== null && ` · ${version.author.name}`}
        </Text>
      </div>
      {document.abilities.restore_version && (
        <Button
          size="compact-sm"
          variant="light"
          leftSection={<IconRestore size={15} />}
          loading={restore.isPending}
          onClick={askAndRestore}
        >
          Restore
        </Button>
      )}
      <Menu position="bottom-end" width={190}>
        <Menu.Target>
          <ActionIcon aria-label={`Download ${version.label}`}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Download this version as</Menu.Label>
          <ExportItems document={document} version={version.id} />
        </Menu.Dropdown>
      </Menu>
    </li>
  );
}
