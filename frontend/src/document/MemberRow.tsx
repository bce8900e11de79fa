import { ActionIcon, Select, Text, Tooltip } from "@mantine/core";
import { IconDoorExit, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { changeMember, documentQuery, membersQuery, removeMember } from "../api/documents";
import type { Member } from "../api/types";
import { useVisitor } from "../app/session";
import { PersonAvatar } from "../people/PersonAvatar";
import type { Role } from "../provider";
import { confirm } from "../ui/confirm";
import { labelOf, ROLE_CHOICES } from "./roles";
import classes from "./ShareDialog.module.css";

interface MemberRowProps {
  documentId: string;
  member: Member;
  mayManage: boolean;
  isLastOwner: boolean;
}

export function MemberRow({ documentId, member, mayManage, isLastOwner }: MemberRowProps) {
  const me = useVisitor();
  const client = useQueryClient();
  const navigate = useNavigate();
  const { user, role } = member;
  const isMe = user.username === me?.username;
  const refresh = () =>
    Promise.all([
      client.invalidateQueries({ queryKey: membersQuery(documentId).queryKey }),
      client.invalidateQueries({ queryKey: documentQuery(documentId).queryKey }),
    ]);
  const change = useMutation({
    mutationFn: (chosen: Role) => changeMember(documentId, user.username, chosen),
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => removeMember(documentId, user.username),
    onSuccess: async () => {
      if (isMe) {
        navigate("/", { replace: true });
      } else {
        await refresh();
      }
    },
  });

  function askToLeave(): void {
    confirm({
      title: "Leave this document?",
      text: "You can no longer open it, until somebody adds you again.",
      confirm: "Leave",
      danger: true,
      onConfirm: () => remove.mutate(),
    });
  }

  const mayRemove = !isLastOwner && (mayManage || isMe);
  return (
    <li className={classes.member} data-username={user.username}>
      <PersonAvatar id={user.username} name={user.name} size={34} />
      <div className={classes.who}>
        <Text size="sm" fw={550} truncate>
          {user.name} {isMe && <span style={{ color: "var(--faint)" }}>(you)</span>}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {user.username}
        </Text>
      </div>
      {mayManage && !isLastOwner ? (
        <Select
          className={classes.role}
          variant="unstyled"
          size="sm"
          aria-label={`Role of ${user.name}`}
          allowDeselect={false}
          data={ROLE_CHOICES}
          value={change.isPending ? change.variables : role}
          onChange={(value) => value !== null && value !== role && change.mutate(value as Role)}
        />
      ) : (
        <Text size="sm" c="dimmed" pr={mayRemove ? 0 : 36}>
          {labelOf(role)}
        </Text>
      )}
      {mayRemove && (
        <Tooltip label={isMe ? "Leave" : "Remove"}>
          <ActionIcon
            aria-label={isMe ? "Leave this document" : `Remove ${user.name}`}
            loading={remove.isPending}
            onClick={() => (isMe ? askToLeave() : remove.mutate())}
          >
            {isMe ? <IconDoorExit size={18} /> : <IconX size={18} />}
          </ActionIcon>
        </Tooltip>
      )}
    </li>
  );
}
