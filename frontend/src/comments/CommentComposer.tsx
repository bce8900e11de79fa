import { Button, Group } from "@mantine/core";
import { type KeyboardEvent, type ReactNode, useState } from "react";
import type { Person } from "../api/types";
import { MentionField } from "./MentionField";

const MAX_LENGTH = 10_000;

interface CommentComposerProps {
  label: string;
  placeholder: string;
  action: string;
  people: readonly Person[];
  initialText?: string;
  autoFocus?: boolean;
  isPending: boolean;
  error?: ReactNode;
  onSubmit: (text: string) => void;
  /** Left out where there is nothing to go back to. */
  onCancel?: () => void;
  onFocus?: () => void;
}

/** Where a comment is written. The buttons appear with the first word. */
export function CommentComposer({
  label,
  placeholder,
  action,
  people,
  initialText = "",
  autoFocus = false,
  isPending,
  error,
  onSubmit,
  onCancel,
  onFocus,
}: CommentComposerProps) {
  const [text, setText] = useState(initialText);
  const isEmpty = text.trim() === "";

  function submit(): void {
    if (!isEmpty && !isPending) {
      onSubmit(text.trim());
    }
  }

  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      submit();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      setText(initialText);
      onCancel?.();
    }
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <MentionField
        label={label}
        placeholder={placeholder}
        people={people}
        value={text}
        onChange={setText}
        onKeyDown={onKeyDown}
        maxLength={MAX_LENGTH}
        autoFocus={autoFocus}
        {...(onFocus === undefined ? {} : { onFocus })}
      />
      {error}
      {(!isEmpty || onCancel !== undefined) && (
        <Group gap={6} mt={8} justify="flex-end">
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            onClick={() => {
              setText(initialText);
              onCancel?.();
            }}
          >
            Cancel
          </Button>
          <Button size="compact-sm" type="submit" disabled={isEmpty} loading={isPending}>
            {action}
          </Button>
        </Group>
      )}
    </form>
  );
}
