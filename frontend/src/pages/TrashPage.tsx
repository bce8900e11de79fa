import { Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { IconTrash } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { trashQuery } from "../api/documents";
import { AppHeader } from "../app/AppHeader";
import { PRODUCT_NAME } from "../app/brand";
import { Message } from "../ui/Message";
import { DocumentList } from "./DocumentList";
import classes from "./DocumentsPage.module.css";

export function TrashPage() {
  useDocumentTitle(`Trash · ${PRODUCT_NAME}`);
  const documents = useInfiniteQuery(trashQuery);
  return (
    <>
      <AppHeader />
      <main className={classes.page}>
        <Title order={1} size={28} lts="-0.02em">
          Trash
        </Title>
        <Text c="dimmed" size="sm" mb="lg" mt={4}>
          Documents here are closed for everybody. Bring them back, or delete them for ever.
        </Text>
        <DocumentList
          query={documents}
          label="Trash"
          inTrash
          empty={
            <Message icon={<IconTrash size={28} />} title="The trash is empty">
              What you throw away stays here until you delete it for ever.
            </Message>
          }
        />
      </main>
    </>
  );
}
