import { Combobox, Text, Textarea, useCombobox } from "@mantine/core";
import { type KeyboardEvent, type Ref, useLayoutEffect, useRef, useState } from "react";
import type { Person } from "../api/types";
import { PersonAvatar } from "../people/PersonAvatar";
import classes from "./Comments.module.css";
import { completeMention, mentionBeingTyped } from "./mentions";

const MAX_SUGGESTIONS = 6;

interface MentionFieldProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  /** Whom an "@" may mean. */
  people: readonly Person[];
  /** Keys that no suggestion took. */
  onKeyDown?: (event: KeyboardEvent<HTMLTextAreaElement>) => void;
  onFocus?: () => void;
  autoFocus?: boolean;
  maxLength: number;
  maxRows?: number;
  ref?: Ref<HTMLTextAreaElement>;
}

/** A text field that completes names after an "@". */
export function MentionField({
  label,
  people,
  value,
  onChange,
  onKeyDown,
  ref,
  ...field
}: MentionFieldProps) {
  const combobox = useCombobox();
  const input = useRef<HTMLTextAreaElement | null>(null);
  const caretAfter = useRef<number | null>(null);
  const [caret, setCaret] = useState(0);
  const typed = mentionBeingTyped(value, caret);
  const suggestions = typed === null ? [] : findPeople(people, typed);
  const isOpen = suggestions.length > 0 && combobox.dropdownOpened;

  useLayoutEffect(() => {
    if (caretAfter.current !== null) {
      input.current?.setSelectionRange(caretAfter.current, caretAfter.current);
      caretAfter.current = null;
    }
  });

  function onText(element: HTMLTextAreaElement): void {
    onChange(element.value);
    setCaret(element.selectionStart);
    if (mentionBeingTyped(element.value, element.selectionStart) === null) {
      combobox.closeDropdown();
    } else {
      combobox.openDropdown();
      combobox.selectFirstOption();
    }
  }

  function complete(username: string): void {
    const completed = completeMention(value, caret, username);
    onChange(completed.text);
    setCaret(completed.caret);
    caretAfter.current = completed.caret;
    combobox.closeDropdown();
    input.current?.focus();
  }

  return (
    <Combobox store={combobox} onOptionSubmit={complete} position="bottom-start" shadow="md">
      <Combobox.Target withKeyboardNavigation={isOpen} withAriaAttributes={isOpen}>
        <Textarea
          {...field}
          ref={(element) => {
            input.current = element;
            if (typeof ref === "function") {
              ref(element);
            } else if (ref) {
              ref.current = element;
            }
          }}
          aria-label={label}
          autosize
          minRows={1}
          maxRows={field.maxRows ?? 8}
          value={value}
          onChange={(event) => onText(event.currentTarget)}
          onKeyDown={(event) => {
            if (isOpen && (event.key === "Enter" || event.key === "Escape")) {
              event.stopPropagation();
            } else if (isOpen && event.key === "Tab") {
              event.preventDefault();
              combobox.clickSelectedOption();
            } else {
              onKeyDown?.(event);
            }
          }}
          onBlur={() => combobox.closeDropdown()}
        />
      </Combobox.Target>
      <Combobox.Dropdown hidden={!isOpen} miw={200} data-testid="mentions">
        <Combobox.Options aria-label="People to mention">
          {suggestions.map(({ username, name }, index) => (
            <Combobox.Option value={username} key={username} selected={index === 0}>
              <span className={classes.suggestion}>
                <PersonAvatar id={username} name={name} size={22} fz={10} />
                <Text size="sm" truncate>
                  {name}
                </Text>
                {name !== username && (
                  <Text size="xs" opacity={0.75} truncate>
                    {username}
                  </Text>
                )}
              </span>
            </Combobox.Option>
          ))}
        </Combobox.Options>
      </Combobox.Dropdown>
    </Combobox>
  );
}

/** Those whose name or username begins like it, some word of it at least. */
function findPeople(people: readonly Person[], typed: string): Person[] {
  const wanted = typed.toLowerCase();
  return people
    .filter(({ username, name }) =>
      [username, ...name.split(/\s+/)].some((word) => word.toLowerCase().startsWith(wanted)),
    )
    .slice(0, MAX_SUGGESTIONS);
}
