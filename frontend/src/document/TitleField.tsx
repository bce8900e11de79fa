import { useDebouncedCallback } from "@mantine/hooks";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import { documentQuery, renameDocument } from "../api/documents";
import type { DocumentInfo } from "../api/types";
import classes from "./DocumentPage.module.css";

/** The title, edited where it stands. */
export function TitleField({ document }: { document: DocumentInfo }) {
  const client = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  /** What is being typed; `null` when nothing is, and the server's title is shown. */
  const [draft, setDraft] = useState<string | null>(null);
  const rename = useMutation({
    mutationFn: (title: string) => renameDocument(document.id, title),
    onSuccess: (renamed) => client.setQueryData(documentQuery(document.id).queryKey, renamed),
  });
  const save = useDebouncedCallback(
    (text: string) => {
      const title = text.trim();
      if (title !== "" && title !== document.title) {
        rename.mutate(title);
      }
    },
    { delay: 700, flushOnUnmount: true },
  );

  const { state } = useLocation();
  const isNew = (state as { isNew?: boolean } | null)?.isNew === true;
  useEffect(() => {
    if (isNew) {
      input.current?.select();
    }
  }, [isNew]);

  function finish(): void {
    if (draft !== null) {
      save.flush();
      setDraft(null);
    }
  }

  function onKeyDown(event: KeyboardEvent<HTMLInputElement>): void {
    if (event.key === "Enter") {
      // The key would go on into the editor and break its first line.
      event.preventDefault();
      event.currentTarget.blur();
      window.document.querySelector<HTMLElement>(".ProseMirror, .cm-content")?.focus();
    } else if (event.key === "Escape") {
      save.cancel();
      setDraft(null);
      event.currentTarget.blur();
    }
  }

  return (
    <input
      ref={input}
      className={classes.title}
      aria-label="Title"
      data-testid="document-title"
      spellCheck={false}
      autoComplete="off"
      maxLength={255}
      readOnly={!document.abilities.rename}
      title={document.title}
      value={draft ?? rename.variables ?? document.title}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        save(event.currentTarget.value);
      }}
      onBlur={finish}
      onKeyDown={onKeyDown}
    />
  );
}
