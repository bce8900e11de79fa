import { Alert, Anchor, Button, PasswordInput, Stack, TextInput } from "@mantine/core";
import { isNotEmpty, useForm } from "@mantine/form";
import { Link } from "react-router";
import { signIn } from "../api/session";
import { PRODUCT_NAME } from "../app/brand";
import { EntryPage } from "./EntryPage";
import { useEntry } from "./useEntry";

export function SignInPage() {
  const form = useForm({
    mode: "uncontrolled",
    initialValues: { username: "", password: "" },
    validate: {
      username: isNotEmpty("Enter your username."),
      password: isNotEmpty("Enter your password."),
    },
  });
  const { submit, isPending, message, search } = useEntry(form, signIn);
  return (
    <EntryPage
      title="Welcome back"
      subtitle="Sign in to write together."
      footer={
        <>
          New to {PRODUCT_NAME}?{" "}
          <Anchor component={Link} to={`/register${search}`}>
            Create an account
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
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            data-autofocus
            autoFocus
            key={form.key("username")}
            {...form.getInputProps("username")}
          />
          <PasswordInput
            label="Password"
            autoComplete="current-password"
            key={form.key("password")}
            {...form.getInputProps("password")}
          />
          <Button type="submit" loading={isPending} mt="xs">
            Sign in
          </Button>
        </Stack>
      </form>
    </EntryPage>
  );
}
