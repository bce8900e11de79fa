import { Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { invitationsQuery, linkQuery } from "../api/sharing";
import type { DocumentInfo, LinkReach } from "../api/types";
import { useMembers } from "../live/useLiveList";
import type { DocumentProvider } from "../provider";
import { notify } from "../ui/notify";
import { AddPersonForm } from "./AddPersonForm";
import { InvitationRow } from "./InvitationRow";
import { LinkAccess } from "./LinkAccess";
import { MemberRow } from "./MemberRow";
import classes from "./ShareDialog.module.css";

const OPENS_FOR: Record<LinkReach, string> = {
  restricted: "It opens for the people listed here.",
  signed_in: "It opens for everybody with an account.",
  anyone: "It opens for everybody.",
};

interface ShareDialogProps {
  document: DocumentInfo;
  provider: DocumentProvider;
}

/** Who may do what with a document; owners change it here. */
export default function ShareDialog({ document, provider }: ShareDialogProps) {
  const mayManage = document.abilities.manage_members === true;
  const { data: members, error } = useMembers(provider, document.id);
  const { data: link } = useQuery(linkQuery(document.id));
  const { data: invitations } = useQuery({
    ...invitationsQuery(document.id),
    enabled: mayManage,
    // Somebody may accept one while it is looked at; that makes them a member.
    refetchInterval: 15_000,
  });
  const owners = members?.filter(({ role }) => role === "owner").length ?? 0;

  async function copyLink(): Promise<void> {
    try {
      await navigator.clipboard.writeText(`${window.location.origin}/documents/${document.id}/`);
      notify(`The link is copied. ${OPENS_FOR[link?.reach ?? "restricted"]}`);
    } catch {
      // Browsers keep the clipboard from pages that did not come over https.
      notify("The browser does not let this page copy: take the link from the address bar.");
    }
  }

  return (
    <Stack gap="lg">
      {mayManage ? (
        <AddPersonForm documentId={document.id} />
      ) : (
        <Text size="sm" c="dimmed">
          Only an owner can add people or change what they may do.
        </Text>
      )}
      <section aria-labelledby="share-people">
        <Text size="sm" fw={600} mb={4} id="share-people">
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
          {invitations?.map((invitation) => (
            <InvitationRow key={invitation.id} documentId={document.id} invitation={invitation} />
          ))}
        </ul>
      </section>
      <section aria-labelledby="share-link">
        <Text size="sm" fw={600} mb={8} id="share-link">
          General access
        </Text>
        {link === undefined ? (
          <Skeleton height={44} />
        ) : (
          <LinkAccess documentId={document.id} link={link} mayManage={mayManage} />
        )}
      </section>
      <Group justify="space-between">
        <Button variant="default" leftSection={<IconLink size={16} />} onClick={copyLink}>
          Copy link
        </Button>
      </Group>
    </Stack>
  );
}
