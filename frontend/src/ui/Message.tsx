import { Center, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { ReactNode } from "react";

interface MessageProps {
  icon: ReactNode;
  title: string;
  children?: ReactNode;
  /** Buttons. */
  actions?: ReactNode;
  color?: string;
}

/** A calm message in the middle of its place: nothing here yet, nothing found, something wrong. */
export function Message({ icon, title, children, actions, color = "gray" }: MessageProps) {
  return (
    <Center mih="40vh" p="xl">
      <Stack align="center" gap="sm" maw={440} ta="center" role="status">
        <ThemeIcon size={56} radius="xl" variant="light" color={color}>
          {icon}
        </ThemeIcon>
        <Title order={2} size="h3">
          {title}
        </Title>
        {children !== undefined && (
          <Text c="dimmed" size="sm">
            {children}
          </Text>
        )}
        {actions}
      </Stack>
    </Center>
  );
}
