import { Group, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { Link } from "react-router";
import { NotificationBell } from "../notifications/NotificationBell";
import classes from "./AppHeader.module.css";
import { Logo, PRODUCT_NAME } from "./brand";
import { UserMenu } from "./UserMenu";

/** The top of every page but the editor; `children` is the middle. */
export function AppHeader({ children }: { children?: ReactNode }) {
  return (
    <header className={classes.header}>
      <UnstyledButton component={Link} to="/" className={classes.brand} aria-label={PRODUCT_NAME}>
        <Logo />
        <span className={classes.name}>{PRODUCT_NAME}</span>
      </UnstyledButton>
      <div className={classes.middle}>{children}</div>
      <Group gap="xs" wrap="nowrap">
        <NotificationBell />
        <UserMenu />
      </Group>
    </header>
  );
}
