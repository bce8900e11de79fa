import { Button, Stack, Text } from "@mantine/core";
import { IconMailOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "react-router";
import { documentQuery, invalidateLists } from "../api/documents";
import { acceptInvitation, receivedInvitationQuery } from "../api/sharing";
import { PageSkeleton } from "../app/PageSkeleton";
import { useVisitor } from "../app/session";
import type { Role } from "../provider";
import { Message } from "../ui/Message";
import { EntryPage } from "./EntryPage";

const MAY: Record<Role, string> = {
  viewer: "read",
  commenter: "read and comment on",
  editor: "edit",
  owner: "own",
};

/** Where the link in an invitation's mail leads. */
export function InvitationPage() {
  const { token = "" } = useParams();
  const me = useVisitor();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { data: invitation, error } = useQuery({ ...receivedInvitationQuery(token), retry: false });
  const accept = useMutation({
    mutationFn: () => acceptInvitation(token),
    onSuccess: (document) => {
      void invalidateLists(client);
      client.setQueryData(documentQuery(document.id).queryKey, document);
      navigate(`/documents/${document.id}/`, { replace: true });
    },
  });
  if (error !== null) {
    return (
      <Message
        icon={<IconMailOff size={28} />}
        title="This invitation is over"
        actions={
          <Button component={Link} to="/">
            All documents
          </Button>
        }
      >
        It was used, withdrawn, or has expired. Ask whoever invited you for another one.
      </Message>
    );
  }
  if (invitation === undefined) {
    return <PageSkeleton />;
  }
  const next = `?next=${encodeURIComponent(`/invitations/${token}/`)}`;
  const inviter = invitation.inviter?.name ?? "Somebody";
  return (
    <EntryPage
      title={invitation.document.title}
      subtitle={`${inviter} invites you to ${MAY[invitation.role]} this document.`}
      footer={`The invitation was sent to ${invitation.email}.`}
    >
      {me === null ? (
        <Stack>
          <Button component={Link} to={`/register${next}`}>
            Create an account
          </Button>
          <Button component={Link} to={`/login${next}`} variant="default">
            Sign in
          </Button>
        </Stack>
      ) : (
        <Stack>
          <Text size="sm" c="dimmed" ta="center">
            You will join as <b>{me.name}</b>.
          </Text>
          <Button loading={accept.isPending} onClick={() => accept.mutate()}>
            Accept and open
          </Button>
        </Stack>
      )}
    </EntryPage>
  );
}
