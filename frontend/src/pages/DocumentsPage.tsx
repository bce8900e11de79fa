import { Group, SegmentedControl, Select, TextInput, Title } from "@mantine/core";
import { useDebouncedValue, useDocumentTitle, useHotkeys } from "@mantine/hooks";
import { IconFileText, IconSearch, IconSearchOff } from "@tabler/icons-react";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { documentsQuery } from "../api/documents";
import type { Ordering, Scope } from "../api/types";
import { AppHeader } from "../app/AppHeader";
import { PRODUCT_NAME } from "../app/brand";
import { loadEditor } from "../editor/load";
import { Message } from "../ui/Message";
import { DocumentList } from "./DocumentList";
import classes from "./DocumentsPage.module.css";
import { NewDocumentButton } from "./NewDocumentButton";

const SCOPES: { value: Scope; label: string }[] = [
  { value: "all", label: "All" },
  { value: "owned", label: "Mine" },
  { value: "shared", label: "Shared with me" },
];

const ORDERINGS: { value: Ordering; label: string }[] = [
  { value: "-updated_at", label: "Last edited" },
  { value: "-created_at", label: "Newest" },
  { value: "title", label: "Title" },
];

/** All documents of a person: found, sorted, made. */
export function DocumentsPage() {
  useDocumentTitle(`Documents · ${PRODUCT_NAME}`);
  const [parameters, setParameters] = useSearchParams();
  const [search, setSearch] = useState(parameters.get("q") ?? "");
  const [q] = useDebouncedValue(search.trim(), 200);
  const scope = SCOPES.find(({ value }) => value === parameters.get("scope"))?.value ?? "all";
  const ordering =
    ORDERINGS.find(({ value }) => value === parameters.get("ordering"))?.value ?? "-updated_at";
  const searchField = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => searchField.current?.focus()]]);
  const documents = useInfiniteQuery({
    ...documentsQuery({ q, scope, ordering }),
    placeholderData: keepPreviousData,
    refetchOnWindowFocus: true,
  });

  // Somebody who reads this list opens a document next: fetch then what that takes.
  useEffect(() => {
    const timer = setTimeout(() => {
      void import("../document/DocumentRoute");
      void loadEditor("richtext");
    }, 1000);
    return () => clearTimeout(timer);
  }, []);

  /** The choices live in the address, so that coming back finds them. */
  function choose(name: "scope" | "ordering", value: string): void {
    setParameters(
      (current) => {
        current.set(name, value);
        return current;
      },
      { replace: true },
    );
  }

  return (
    <>
      <AppHeader>
        <TextInput
          ref={searchField}
          className={classes.search}
          variant="filled"
          radius="xl"
          aria-label="Search documents"
          placeholder="Search documents"
          type="search"
          leftSection={<IconSearch size={16} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
      </AppHeader>
      <main className={classes.page}>
        <Group justify="space-between" mb="lg">
          <Title order={1} size={28} lts="-0.02em">
            Documents
          </Title>
          <NewDocumentButton />
        </Group>
        <Group justify="space-between" mb="xs" gap="xs">
          <SegmentedControl
            size="sm"
            aria-label="Which documents"
            value={scope}
            onChange={(value) => choose("scope", value)}
            data={SCOPES}
          />
          <Select
            className={classes.ordering}
            size="sm"
            variant="unstyled"
            aria-label="Order"
            allowDeselect={false}
            value={ordering}
            onChange={(value) => value !== null && choose("ordering", value)}
            data={ORDERINGS}
          />
        </Group>
        <DocumentList
          query={documents}
          label="Documents"
          empty={<NothingHere q={q} scope={scope} />}
        />
      </main>
    </>
  );
}

function NothingHere({ q, scope }: { q: string; scope: Scope }) {
  if (q !== "") {
    return (
      <Message icon={<IconSearchOff size={28} />} title="Nothing found">
        No title has “{q}” in it.
      </Message>
    );
  }
  if (scope === "shared") {
    return (
      <Message icon={<IconFileText size={28} />} title="Nothing shared with you yet">
        When somebody adds you to a document, it appears here.
      </Message>
    );
  }
  return (
    <Message
      icon={<IconFileText size={28} />}
      title="Write your first document"
      color="iris"
      actions={<NewDocumentButton prominent />}
    >
      Share it, and everybody sees every word as it is typed.
    </Message>
  );
}
