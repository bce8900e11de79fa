import { queryOptions } from "@tanstack/react-query";
import { ApiError, request } from "./http";
import type { Person } from "./types";

/** Who is signed in; `null` for nobody. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: async ({ signal }): Promise<Person | null> => {
    try {
      return await request<Person>("/me/", { signal });
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        return null;
      }
      throw error;
    }
  },
  staleTime: 5 * 60_000,
});

export function signIn(credentials: { username: string; password: string }): Promise<Person> {
  return request("/auth/login/", { method: "POST", json: credentials });
}

export function register(account: {
  username: string;
  password: string;
  name: string;
}): Promise<Person> {
  return request("/auth/register/", { method: "POST", json: account });
}

export function signOut(): Promise<void> {
  return request("/auth/logout/", { method: "POST" });
}
