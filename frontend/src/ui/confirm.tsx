import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";

interface Question {
  title: string;
  text: string;
  confirm: string;
  danger?: boolean;
  onConfirm: () => void;
  onCancel?: () => void;
}

/** Asks before something that cannot be taken back easily. */
export function confirm({
  title,
  text,
  confirm,
  danger = false,
  onConfirm,
  onCancel,
}: Question): void {
  modals.openConfirmModal({
    title,
    children: <Text size="sm">{text}</Text>,
    labels: { confirm, cancel: "Cancel" },
    confirmProps: danger ? { color: "red" } : {},
    cancelProps: { variant: "subtle", color: "gray" },
    onConfirm,
    ...(onCancel === undefined ? {} : { onCancel }),
  });
}
