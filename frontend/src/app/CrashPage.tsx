import { Button, Group } from "@mantine/core";
import { IconCompass, IconMoodSad } from "@tabler/icons-react";
import { Link } from "react-router";
import { Message } from "../ui/Message";

/** Something threw while a page was drawn, or its chunk could not be loaded. */
export function CrashPage() {
  return (
    <Message
      icon={<IconMoodSad size={28} />}
      title="This page stumbled"
      actions={
        <Group>
          <Button onClick={() => window.location.reload()}>Reload</Button>
          <Button component="a" href="/" variant="subtle">
            All documents
          </Button>
        </Group>
      }
    >
      Something unexpected happened. What you typed is kept on this device.
    </Message>
  );
}

export function NotFoundPage() {
  return (
    <Message
      icon={<IconCompass size={28} />}
      title="There is nothing here"
      actions={
        <Button component={Link} to="/">
          All documents
        </Button>
      }
    >
      The address may be mistyped.
    </Message>
  );
}
