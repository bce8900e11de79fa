import { Button, Select, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { addMember, membersQuery } from "../api/documents";
import { ApiError } from "../api/http";
import { invitationsQuery, invite } from "../api/sharing";
import type { Role } from "../provider";
import { notify } from "../ui/notify";
import { LESSER_ROLE_CHOICES, ROLE_CHOICES } from "./roles";
import classes from "./ShareDialog.module.css";

/** What is an address of a mailbox, for all that can be seen of it. */
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** Adds a person: by their username at once, by e-mail with an invitation. */
export function AddPersonForm({ documentId }: { documentId: string }) {
  const client = useQueryClient();
  const [who, setWho] = useState("");
  const [role, setRole] = useState<Role>("editor");
  const name = who.trim();
  const isEmail = EMAIL.test(name);
  const add = useMutation({
    mutationFn: async () => {
      if (!isEmail) {
        await addMember(documentId, name, role);
        return;
      }
      const { sent_at } = await invite(documentId, name, role);
      if (sent_at !== null) {
        notify(`An invitation is on its way to ${name}.`);
      }
    },
    onSuccess: () => {
      setWho("");
      return Promise.all([
        client.invalidateQueries({ queryKey: membersQuery(documentId).queryKey }),
        client.invalidateQueries({ queryKey: invitationsQuery(documentId).queryKey }),
      ]);
    },
    // Shown at the field.
    onError: () => undefined,
  });

  function onChange(text: string): void {
    setWho(text);
    add.reset();
    // Nobody is made an owner by mail.
    if (EMAIL.test(text.trim()) && role === "owner") {
      setRole("editor");
    }
  }

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (name !== "") {
      add.mutate();
    }
  }

  return (
    <form className={classes.add} onSubmit={submit}>
      <TextInput
        aria-label="Username or e-mail address to share with"
        placeholder="Username or e-mail address"
        data-autofocus
        data-testid="share-username"
        autoCapitalize="none"
        autoComplete="off"
        spellCheck={false}
        value={who}
        error={messageOf(add.error)}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <Select
        className={classes.role}
        aria-label="Role"
        data-testid="share-role"
        allowDeselect={false}
        data={isEmail ? LESSER_ROLE_CHOICES : ROLE_CHOICES}
        value={role}
        onChange={(value) => value !== null && setRole(value as Role)}
      />
      <Button type="submit" loading={add.isPending} data-testid="share-add">
        {isEmail ? "Invite" : "Add"}
      </Button>
    </form>
  );
}

function messageOf(error: Error | null): string | undefined {
  if (error instanceof ApiError) {
    const { user, email, role } = error.fields;
    return (user ?? email ?? role)?.join(" ") ?? error.message;
  }
  return error?.message;
}
