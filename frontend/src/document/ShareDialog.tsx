import { Button, Skeleton, Stack, Text } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { membersQuery } from "../api/documents";
import type { DocumentInfo } from "../api/types";
import { notify } from "../ui/notify";
import { AddMemberForm } from "./AddMemberForm";
import { MemberRow } from "./MemberRow";
import classes from "./ShareDialog.module.css";

/** Who may do what with a document; owners change it here. */
export default function ShareDialog({ document }: { document: DocumentInfo }) {
  const { data: members, error } = useQuery(membersQuery(document.id));
  const mayManage = document.abilities.manage_members === true;
  const owners = members?.filter(({ role }) => role === "owner").length ?? 0;

  async function copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(`${window.location.origin}/documents/${document.id}/`);
      notify("The link is copied. It opens for the people listed here.");
    } catch {
      // Browsers keep the clipboard from pages that did not come over https.
      notify("The browser does not let this page copy: take the link from the address bar.");
    }
  }

  return (
    <Stack gap="lg">
      {mayManage ? (
        <AddMemberForm documentId={document.id} />
      ) : (
        <Text size="sm" c="dimmed">
          Only an owner can add people or change what they may do.
        </Text>
      )}
      <div>
        <Text size="sm" fw={600} mb={4}>
          People with access
        </Text>
        {error !== null && <Text size="sm">{error.message}</Text>}
        <ul className={classes.members} data-testid="members">
          {members === undefined && error === null && <Skeleton height={44} my={8} />}
          {members?.map((member) => (
            <MemberRow
              key={member.user.username}
              documentId={document.id}
              member={member}
              mayManage={mayManage}
              isLastOwner={member.role === "owner" && owners === 1}
            />
          ))}
        </ul>
      </div>
      <Button
        variant="default"
        leftSection={<IconLink size={16} />}
        onClick={copyLink}
        style={{ alignSelf: "flex-start" }}
      >
        Copy link
      </Button>
    </Stack>
  );
}
