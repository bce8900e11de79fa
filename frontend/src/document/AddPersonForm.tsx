import { Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { addMember, membersQuery } from "../api/documents";
import { ApiError } from "../api/http";
import type { Role } from "../provider";
import { ROLE_CHOICES } from "./roles";
import classes from "./ShareDialog.module.css";

/** Adds a person by their username. */
export function AddMemberForm({ documentId }: { documentId: string }) {
  const client = useQueryClient();
  const [username, setUsername] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const add = useMutation({
    mutationFn: () => addMember(documentId, username.trim(), role),
    onSuccess: () => {
      setUsername("");
      return client.invalidateQueries({ queryKey: membersQuery(documentId).queryKey });
    },
    // Shown at the field.
    onError: () => undefined,
  });
  const { error } = add;
  const message =
    error instanceof ApiError
      ? (error.fields.user?.join(" ") ?? error.fields.role?.join(" ") ?? error.message)
      : error?.message;

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (username.trim() !== "") {
      add.mutate();
    }
  }

  return (
    <form className={classes.add} onSubmit={submit}>
      <TextInput
        aria-label="Username to share with"
        placeholder="Add a person by username"
        data-autofocus
        data-testid="share-username"
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        value={username}
        error={message}
        onChange={(event) => {
          setUsername(event.currentTarget.value);
          add.reset();
        }}
      />
      <Select
        className={classes.role}
        aria-label="Role"
        data-testid="share-role"
        allowDeselect={false}
        data={ROLE_CHOICES}
        value={role}
        onChange={(value) => value !== null && setRole(value as Role)}
      />
      <Button type="submit" loading={add.isPending} data-testid="share-add">
        Add
      </Button>
    </form>
  );
}
