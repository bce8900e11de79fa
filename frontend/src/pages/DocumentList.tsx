import { Button, Center, Skeleton } from "@mantine/core";
import { useIntersection } from "@mantine/hooks";
import { IconPlugConnectedX } from "@tabler/icons-react";
import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import type { DocumentInfo, Page } from "../api/types";
import { Message } from "../ui/Message";
import classes from "./DocumentList.module.css";
import { DocumentRow } from "./DocumentRow";

interface DocumentListProps {
  query: UseInfiniteQueryResult<InfiniteData<Page<DocumentInfo>>>;
  label: string;
  empty: ReactNode;
  inTrash?: boolean;
}

/** A list that grows as one scrolls. */
export function DocumentList({ query, label, empty, inTrash = false }: DocumentListProps) {
  const { data, error, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const { ref, entry } = useIntersection<HTMLDivElement>({ rootMargin: "400px" });
  const endIsNear = entry?.isIntersecting ?? false;
  useEffect(() => {
    if (endIsNear && hasNextPage && !isFetchingNextPage) {
      void fetchNextPage();
    }
  }, [endIsNear, hasNextPage, isFetchingNextPage, fetchNextPage]);

  if (data === undefined) {
    return error === null ? (
      <ListSkeleton />
    ) : (
      <Message
        icon={<IconPlugConnectedX size={28} />}
        title="The list could not be loaded"
        actions={<Button onClick={() => query.refetch()}>Try again</Button>}
      >
        {error.message}
      </Message>
    );
  }
  const documents = data.pages.flatMap((page) => page.results);
  if (documents.length === 0) {
    return empty;
  }
  return (
    <>
      <ul className={classes.list} aria-label={label} data-stale={isPlaceholderData || undefined}>
        {documents.map((document) => (
          <DocumentRow key={document.id} document={document} inTrash={inTrash} />
        ))}
      </ul>
      {hasNextPage && (
        <Center ref={ref} p="lg">
          <Button variant="subtle" loading={isFetchingNextPage} onClick={() => fetchNextPage()}>
            Show more
          </Button>
        </Center>
      )}
    </>
  );
}

function ListSkeleton() {
  return (
    <div aria-busy="true" role="status" aria-label="Loading documents">
      {["42%", "28%", "55%", "36%", "48%"].map((width) => (
        <div key={width} className={classes.row}>
          <Skeleton width={36} height={36} radius="md" />
          <Skeleton width={width} height={14} />
        </div>
      ))}
    </div>
  );
}
