import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { isNotEmpty, useForm } from "@mantine/form";
import { Link } from "react-router";
import { register } from "../api/session";
import { EntryPage } from "./EntryPage";
import { useEntry } from "./useEntry";

export function RegisterPage() {
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { username: "", name: "", password: "" },
    validate: {
      username: isNotEmpty("Choose a username."),
      password: isNotEmpty("Choose a password."),
    },
  });
  const { submit, isPending, message, search } = useEntry(form, register);
  return (
    <EntryPage
      title="Create your account"
      subtitle="Write with others in less than a minute."
      footer={
        <>
          Have an account already?{" "}
          <Anchor component={Link} to={`/login${search}`}>
            Sign in
          </Anchor>
        </>
      }
    >
      <form onSubmit={submit} noValidate>
        <Stack>
          {message !== null && (
            <Alert color="red" variant="light" role="alert">
              {message}
            </Alert>
          )}
          <TextInput
            label="Username"
            description="How others find you to share a document."
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            autoFocus
            key={form.key("username")}
            {...form.getInputProps("username")}
          />
          <TextInput
            label="Name"
            description="Shown beside your cursor. Optional."
            autoComplete="name"
            key={form.key("name")}
            {...form.getInputProps("name")}
          />
          <PasswordInput
            label="Password"
            autoComplete="new-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={isPending} mt="xs">
            Create account
          </Button>
        </Stack>
      </form>
    </EntryPage>
  );
}
