import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation } from "react-router";
import { meQuery } from "../api/session";
import { useEvents } from "../live/useEvents";
import { Message } from "../ui/Message";
import { PageSkeleton } from "./PageSkeleton";

/** Keeps the pages below it up to date; one socket, whichever of them is shown. */
export function LivePages() {
  const { data: me } = useQuery(meQuery);
  useEvents(me?.username ?? null);
  return <Outlet />;
}

/** Shows the page to who is signed in, and the way back here to who is not. */
export function RequireSession() {
  return <Entrance isOpen={false} />;
}

/** Shows the page to everybody: what a visitor may see, the page finds out. */
export function WelcomeVisitors() {
  return <Entrance isOpen />;
}

function Entrance({ isOpen }: { isOpen: boolean }) {
  const { data: me, error, refetch } = useQuery(meQuery);
  if (me === undefined) {
    return error === null ? (
      <PageSkeleton />
    ) : (
      <Message
        icon={<IconPlugConnectedX size={28} />}
        title="The server cannot be reached"
        actions={<Button onClick={() => refetch()}>Try again</Button>}
      >
        {error.message}
      </Message>
    );
  }
  if (me === null && !isOpen) {
    return <ToSignIn />;
  }
  return <Outlet context={me} />;
}

/** To the sign-in, and from there back here. */
export function ToSignIn() {
  const { pathname, search } = useLocation();
  const next = `${pathname}${search}`;
  return (
    <Navigate to={next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`} replace />
  );
}
