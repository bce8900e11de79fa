import { ActionIcon, Menu, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconCopy, IconDots, IconHistory, IconMoon, IconSun, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { duplicateDocument, invalidateLists, trashDocument } from "../api/documents";
import type { DocumentInfo } from "../api/types";
import { useVisitor } from "../app/session";
import { notify } from "../ui/notify";

interface DocumentMenuProps {
  document: DocumentInfo;
  onVersions: () => void;
}

/** What is needed less often. */
export function DocumentMenu({ document, onVersions }: DocumentMenuProps) {
  const { id, title, abilities } = document;
  const me = useVisitor();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme() === "dark";
  const duplicate = useMutation({
    mutationFn: () => duplicateDocument(id),
    onSuccess: (copy) => {
      void invalidateLists(client);
      navigate(`/documents/${copy.id}/`);
      notify("This is the copy, and it is yours.");
    },
  });
  const trash = useMutation({
    // First away from here, or we would be told that the document is gone.
    mutationFn: async () => {
      await navigate("/");
      await trashDocument(id);
    },
    onSuccess: () => {
      notify(`“${title}” is in the trash.`);
      return invalidateLists(client);
    },
  });
  return (
    <Menu position="bottom-end" width={220}>
      <Menu.Target>
        <ActionIcon size={36} radius="xl" aria-label="More" data-testid="document-menu">
          <IconDots size={19} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item
          leftSection={<IconHistory size={16} />}
          onClick={onVersions}
          data-testid="versions-button"
        >
          Versions
        </Menu.Item>
        {me !== null && (
          <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => duplicate.mutate()}>
            Duplicate
          </Menu.Item>
        )}
        <Menu.Item
          leftSection={isDark ? <IconSun size={16} /> : <IconMoon size={16} />}
          onClick={() => setColorScheme(isDark ? "light" : "dark")}
        >
          {isDark ? "Light colours" : "Dark colours"}
        </Menu.Item>
        {abilities.trash && (
          <>
            <Menu.Divider />
            <Menu.Item
              color="red"
              leftSection={<IconTrash size={16} />}
              onClick={() => trash.mutate()}
            >
              Move to trash
            </Menu.Item>
          </>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
