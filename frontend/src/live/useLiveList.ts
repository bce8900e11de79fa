import {
  type InfiniteData,
  type QueryKey,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { membersQuery, versionsQuery } from "../api/documents";
import { messagesQuery, threadsQuery } from "../api/talk";
import type { ChatMessage, Member, Page, Thread, Version } from "../api/types";
import { type DocumentProvider, type ListChange, ROLES } from "../provider";
import { applyToPage, applyToPages, type ListShape } from "./apply-change";

/** How often REST is asked while nothing is pushed. */
const POLL_MS = 30_000;

const MEMBERS: ListShape<Member> = {
  idOf: ({ user }) => user.username,
  compare: (one, other) =>
    ROLES.indexOf(other.role) - ROLES.indexOf(one.role) || one.since.localeCompare(other.since),
};
const VERSIONS: ListShape<Version> = {
  idOf: ({ id }) => id,
  compare: (one, other) => other.seq - one.seq || other.id - one.id,
};
const THREADS: ListShape<Thread> = {
  idOf: ({ id }) => id,
  compare: (one, other) => one.id - other.id,
};
const MESSAGES: ListShape<ChatMessage> = {
  idOf: ({ id }) => id,
  compare: (one, other) => other.id - one.id,
};

export function useMembers(provider: DocumentProvider, documentId: string, enabled = true) {
  const query = membersQuery(documentId);
  const refetchInterval = useLivePage(provider, "members.list", query.queryKey, MEMBERS, enabled);
  return useQuery({ ...query, enabled, refetchInterval });
}

export function useVersions(provider: DocumentProvider, documentId: string) {
  const query = versionsQuery(documentId);
  const refetchInterval = useLivePage(provider, "versions.list", query.queryKey, VERSIONS);
  return useQuery({ ...query, refetchInterval });
}

export function useThreads(provider: DocumentProvider, documentId: string) {
  const query = threadsQuery(documentId);
  const refetchInterval = useLivePage(provider, "threads.list", query.queryKey, THREADS);
  return useQuery({ ...query, refetchInterval });
}

export function useMessages(provider: DocumentProvider, documentId: string) {
  const query = messagesQuery(documentId);
  const refetchInterval = useLive<InfiniteData<Page<ChatMessage>, string>, Page<ChatMessage>>(
    provider,
    "messages.list",
    query.queryKey,
    (page) => ({ pages: [page], pageParams: [query.initialPageParam] }),
    (data, change) => applyToPages(data, change, MESSAGES),
  );
  return useInfiniteQuery({ ...query, refetchInterval });
}

function useLivePage<T>(
  provider: DocumentProvider,
  method: string,
  key: QueryKey,
  shape: ListShape<T>,
  enabled = true,
) {
  return useLive<Page<T>, Page<T>>(
    provider,
    method,
    key,
    (page) => page,
    (page, change) => applyToPage(page, change, shape),
    enabled,
  );
}

/**
 * Lets the socket write what it tells of a list to where its query keeps it, so that whoever shows
 * the query shows what is true now. Returns the query's `refetchInterval`.
 */
function useLive<Data, Result>(
  provider: DocumentProvider,
  method: string,
  key: QueryKey,
  read: (result: Result) => Data,
  apply: (data: Data, change: ListChange) => Data,
  enabled = true,
): number | false {
  const client = useQueryClient();
  const [isLive, setIsLive] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for all that follows from it.
  useEffect(() => {
    if (!enabled) {
      return;
    }
    function write(change: (data: Data | undefined) => Data | undefined): void {
      // An answer that is on its way may be older.
      void client.cancelQueries({ queryKey: key });
      client.setQueryData<Data>(key, change);
    }
    return provider.watchList(
      { method },
      {
        onResult: (result) => write(() => read(result as Result)),
        onChange: (change) =>
          write((data) => (data === undefined ? undefined : apply(data, change))),
        onLive: setIsLive,
      },
    );
  }, [client, provider, method, enabled, ...key]);
  return isLive ? false : POLL_MS;
}
