import { Button } from "@mantine/core";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Navigate, Outlet, useLocation, useOutletContext } from "react-router";
import { meQuery } from "../api/session";
import type { Person } from "../api/types";
import { Message } from "../ui/Message";
import { PageSkeleton } from "./PageSkeleton";

/** Shows the page to who is signed in, and the way back here to who is not. */
export function RequireSession() {
  const { pathname, search } = useLocation();
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
  if (me === null) {
    const next = `${pathname}${search}`;
    return (
      <Navigate to={next === "/" ? "/login" : `/login?next=${encodeURIComponent(next)}`} replace />
    );
  }
  return <Outlet context={me} />;
}

/** Who is signed in; for pages below `RequireSession`. */
export function useMe(): Person {
  return useOutletContext<Person>();
}
