import { ActionIcon, Avatar, Button, Text, Tooltip } from "@mantine/core";
import { IconMail, IconMailX, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { invitationsQuery, invite, withdrawInvitation } from "../api/sharing";
import type { Invitation } from "../api/types";
import { formatMoment } from "../ui/time";
import { labelOf } from "./roles";
import classes from "./ShareDialog.module.css";

interface InvitationRowProps {
  documentId: string;
  invitation: Invitation;
}

/** Somebody who was invited by mail and has not come yet. */
export function InvitationRow({ documentId, invitation }: InvitationRowProps) {
  const { id, email, role, sent_at, expires_at } = invitation;
  const client = useQueryClient();
  const refresh = () =>
    client.invalidateQueries({ queryKey: invitationsQuery(documentId).queryKey });
  const again = useMutation({
    mutationFn: () => invite(documentId, email, role),
    onSettled: refresh,
  });
  const withdraw = useMutation({
    mutationFn: () => withdrawInvitation(documentId, id),
    onSettled: refresh,
  });
  const isSent = sent_at !== null;
  return (
    <li className={classes.member} data-email={email}>
      <Avatar size={34} radius="xl" color={isSent ? "gray" : "red"} aria-hidden="true">
        {isSent ? <IconMail size={18} /> : <IconMailX size={18} />}
      </Avatar>
      <div className={classes.who}>
        <Text size="sm" fw={550} truncate title={email}>
          {email}
        </Text>
        {isSent ? (
          <Text size="xs" c="dimmed" truncate title={formatMoment(expires_at)}>
            Invited · until {formatDay(expires_at)}
          </Text>
        ) : (
          <Text size="xs" c="red" truncate>
            The mail could not be sent
          </Text>
        )}
      </div>
      {!isSent && (
        <Button
          size="compact-xs"
          variant="light"
          loading={again.isPending}
          onClick={() => again.mutate()}
        >
          Send again
        </Button>
      )}
      <Text size="sm" c="dimmed">
        {labelOf(role)}
      </Text>
      <Tooltip label="Withdraw">
        <ActionIcon
          aria-label={`Withdraw the invitation of ${email}`}
          loading={withdraw.isPending}
          onClick={() => withdraw.mutate()}
        >
          <IconX size={18} />
        </ActionIcon>
      </Tooltip>
    </li>
  );
}

function formatDay(iso: string): string {
  return new Date(iso).toLocaleDateString("en", { month: "short", day: "numeric" });
}
