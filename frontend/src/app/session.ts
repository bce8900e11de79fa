import { useOutletContext } from "react-router";
import type { Person } from "../api/types";

/** Who is signed in; for pages below `RequireSession`. */
export function useMe(): Person {
  return useOutletContext<Person>();
}

/** Who is signed in, or `null` for a visitor; for pages below `WelcomeVisitors` as well. */
export function useVisitor(): Person | null {
  return useOutletContext<Person | null>();
}
