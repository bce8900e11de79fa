import { modals } from "@mantine/modals";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import {
  documentQuery,
  duplicateDocument,
  invalidateLists,
  purgeDocument,
  trashDocument,
  untrashDocument,
} from "../api/documents";
import type { DocumentInfo } from "../api/types";
import { confirm } from "../ui/confirm";
import { notify } from "../ui/notify";
import { RenameForm } from "./RenameForm";

/** What can be done to a document from outside of it. */
export function useDocumentActions(document: DocumentInfo) {
  const { id, title } = document;
  const client = useQueryClient();
  const refresh = () => {
    void client.invalidateQueries({ queryKey: documentQuery(id).queryKey });
    return invalidateLists(client);
  };
  const duplicate = useMutation({
    mutationFn: () => duplicateDocument(id),
    onSuccess: (copy) => {
      notify(`“${copy.title}” is a copy of your own.`);
      return refresh();
    },
  });
  const trash = useMutation({
    mutationFn: () => trashDocument(id),
    onSuccess: () => {
      notify(`“${title}” is in the trash.`);
      return refresh();
    },
  });
  const untrash = useMutation({
    mutationFn: () => untrashDocument(id),
    onSuccess: () => {
      notify(`“${title}” is back.`);
      return refresh();
    },
  });
  const purge = useMutation({ mutationFn: () => purgeDocument(id), onSuccess: refresh });
  return {
    rename: () =>
      modals.open({
        title: "Rename",
        children: <RenameForm document={document} onDone={() => modals.closeAll()} />,
      }),
    duplicate: () => duplicate.mutate(),
    trash: () => trash.mutate(),
    untrash: () => untrash.mutate(),
    purge: () =>
      confirm({
        title: "Delete for ever?",
        text: `“${title}” and its whole history will be gone, for everybody. This cannot be undone.`,
        confirm: "Delete for ever",
        danger: true,
        onConfirm: () => purge.mutate(),
      }),
  };
}
