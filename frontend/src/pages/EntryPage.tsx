import { Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import type { ReactNode } from "react";
import { Logo, PRODUCT_NAME } from "../app/brand";
import classes from "./EntryPage.module.css";

interface EntryPageProps {
  title: string;
  subtitle: string;
  children: ReactNode;
  footer: ReactNode;
}

/** What signing in and registering look like. */
export function EntryPage({ title, subtitle, children, footer }: EntryPageProps) {
  useDocumentTitle(`${title} · ${PRODUCT_NAME}`);
  return (
    <main className={classes.page}>
      <Stack gap="lg" w="100%" maw={400}>
        <Stack gap={6} align="center" ta="center">
          <Logo size={44} />
          <Title order={1} size={26} mt="sm" lts="-0.02em">
            {title}
          </Title>
          <Text c="dimmed" size="sm">
            {subtitle}
          </Text>
        </Stack>
        <Paper className={classes.card}>{children}</Paper>
        <Text size="sm" ta="center" c="dimmed">
          {footer}
        </Text>
      </Stack>
    </main>
  );
}
