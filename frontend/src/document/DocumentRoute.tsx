import { Button } from "@mantine/core";
import { IconFileUnknown, IconPlugConnectedX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useParams } from "react-router";
import { documentQuery } from "../api/documents";
import { ApiError } from "../api/http";
import { ToSignIn } from "../app/RequireSession";
import { useVisitor } from "../app/session";
import { Message } from "../ui/Message";
import { DocumentPage } from "./DocumentPage";
import { DocumentSkeleton } from "./DocumentSkeleton";
import { useDocumentSession } from "./useDocumentSession";

const isUuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export function DocumentRoute() {
  const { id = "" } = useParams();
  return isUuid.test(id) ? <OpenedDocument key={id} id={id} /> : <MissingDocument />;
}

/** Asks for what is about the document and for its content at the same time. */
function OpenedDocument({ id }: { id: string }) {
  const me = useVisitor();
  const { session, reopen } = useDocumentSession(id, me?.username ?? "");
  const {
    data: document,
    error,
    refetch,
  } = useQuery({
    ...documentQuery(id),
    // Members are told of a new title; for others, looking twice a minute is soon enough.
    refetchInterval: 30_000,
  });
  const isMissing = error instanceof ApiError && error.status === 404;

  // Nothing of a document that one may not see stays on the device, except one's own unsaved words:
  // the document may come back from the trash.
  useEffect(() => {
    if (isMissing && session !== null && session.copy.unsavedChanges === 0) {
      void session.copy.drop();
    }
  }, [isMissing, session]);

  if (me === null && error instanceof ApiError && (error.status === 401 || isMissing)) {
    // Whoever signs in may see it.
    return <ToSignIn />;
  }
  if (document !== undefined && session !== null) {
    return (
      <DocumentPage key={session.doc.guid} document={document} session={session} reopen={reopen} />
    );
  }
  if (error === null) {
    return <DocumentSkeleton />;
  }
  if (isMissing) {
    return <MissingDocument />;
  }
  return (
    <Message
      icon={<IconPlugConnectedX size={28} />}
      title="The document could not be opened"
      actions={<Button onClick={() => refetch()}>Try again</Button>}
    >
      {error.message}
    </Message>
  );
}

function MissingDocument() {
  return (
    <Message
      icon={<IconFileUnknown size={28} />}
      title="No such document"
      actions={
        <Button component={Link} to="/">
          All documents
        </Button>
      }
    >
      It does not exist, was deleted, or is not shared with you.
    </Message>
  );
}
