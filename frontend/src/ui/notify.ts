import { notifications } from "@mantine/notifications";

/** Tells of a failure that has no better place on the page. */
export function notifyError(error: unknown): void {
  notifications.show({
    color: "red",
    title: "That did not work",
    message: error instanceof Error ? error.message : String(error),
  });
}

export function notify(message: string): void {
  notifications.show({ message });
}
