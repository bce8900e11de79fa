import {
  ActionIcon,
  Button,
  Group,
  Indicator,
  Popover,
  ScrollArea,
  Text,
  Tooltip,
  UnstyledButton,
  VisuallyHidden,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { markAllRead, markRead, notificationsQuery } from "../api/notifications";
import type { Notification } from "../api/types";
import { PersonAvatar } from "../people/PersonAvatar";
import { formatAgo, formatMoment } from "../ui/time";
import classes from "./NotificationBell.module.css";

const WHAT: Record<Notification["kind"], string> = {
  shared: "shared a document with you",
  mention: "mentioned you",
  reply: "replied",
  invitation_accepted: "accepted your invitation",
  comment_resolved: "resolved a comment",
};

/** What others did that concerns one, as it happens. */
export function NotificationBell() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [opened, { toggle, close }] = useDisclosure();
  const { data } = useQuery(notificationsQuery);
  const refresh = () => client.invalidateQueries({ queryKey: notificationsQuery.queryKey });
  const read = useMutation({ mutationFn: markRead, onSuccess: refresh });
  const readAll = useMutation({ mutationFn: markAllRead, onSuccess: refresh });
  const unread = data?.unread ?? 0;

  function open({ id, document, thread, read: isRead }: Notification): void {
    if (!isRead) {
      read.mutate(id);
    }
    close();
    navigate(`/documents/${document.id}/${thread === null ? "" : `?thread=${thread}`}`);
  }

  return (
    <Popover
      opened={opened}
      onChange={(isOpen) => !isOpen && close()}
      position="bottom-end"
      width={360}
      trapFocus
    >
      <Popover.Target>
        <Tooltip label="Notifications" disabled={opened}>
          <Indicator
            disabled={unread === 0}
            label={unread > 99 ? "99+" : unread}
            size={17}
            offset={6}
            color="red.7"
            withBorder
          >
            <ActionIcon
              size={36}
              radius="xl"
              aria-label={unread === 0 ? "Notifications" : `Notifications, ${unread} unread`}
              aria-expanded={opened}
              data-testid="bell"
              data-unread={unread}
              onClick={toggle}
            >
              <IconBell size={19} stroke={1.7} />
            </ActionIcon>
          </Indicator>
        </Tooltip>
      </Popover.Target>
      <VisuallyHidden role="status">
        {unread > 0 && `${unread} unread ${unread === 1 ? "notification" : "notifications"}`}
      </VisuallyHidden>
      <Popover.Dropdown p={0} className={classes.dropdown} data-testid="notifications">
        <Group justify="space-between" className={classes.head}>
          <Text fw={600}>Notifications</Text>
          {unread > 0 && (
            <Button
              size="compact-xs"
              variant="subtle"
              loading={readAll.isPending}
              onClick={() => readAll.mutate()}
            >
              Mark all as read
            </Button>
          )}
        </Group>
        {data?.results.length === 0 ? (
          <div className={classes.empty}>
            <IconBellOff size={26} stroke={1.5} />
            <Text size="sm" c="dimmed">
              Nothing yet. Mentions, replies and shared documents appear here.
            </Text>
          </div>
        ) : (
          <ScrollArea.Autosize mah="min(460px, 70vh)" type="hover">
            <ul className={classes.list}>
              {data?.results.map((notification) => (
                <li key={notification.id}>
                  <Item notification={notification} onOpen={() => open(notification)} />
                </li>
              ))}
            </ul>
          </ScrollArea.Autosize>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}

function Item({ notification, onOpen }: { notification: Notification; onOpen: () => void }) {
  const { kind, actor, document, text, at, read } = notification;
  const name = actor?.name ?? "A guest";
  return (
    <UnstyledButton className={classes.item} data-unread={!read || undefined} onClick={onOpen}>
      <PersonAvatar id={actor?.username ?? "Guest"} name={name} size={32} fz={12} />
      <div className={classes.what}>
        <Text size="sm" lh={1.4}>
          <b>{name}</b> {WHAT[kind]}
          {kind !== "shared" && " in"} <span className={classes.title}>{document.title}</span>
        </Text>
        {text !== null && kind !== "comment_resolved" && (
          <Text size="sm" c="dimmed" lineClamp={2} lh={1.4}>
            {text}
          </Text>
        )}
        <Text size="xs" c="dimmed" mt={2} title={formatMoment(at)}>
          {formatAgo(at)}
        </Text>
      </div>
      {!read && <span className={classes.dot} role="img" aria-label="Unread" />}
    </UnstyledButton>
  );
}
