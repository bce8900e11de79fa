import { Alert } from "@mantine/core";
import { IconEyeglass } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { getSchema, type JSONContent } from "@tiptap/core";
import { EditorContent, useEditor } from "@tiptap/react";
import { useEffect, useMemo, useState } from "react";
import type * as Y from "yjs";
import { readablePageQuery } from "../../api/documents";
import { styleNonce } from "../../app/csp";
import { schemaExtensions } from "../richtext/schema";
import "../richtext/content.css";
import classes from "./ReadOnlyDocument.module.css";
import { readPage, toParagraphs } from "./read-page";
import { readText } from "./read-text";

const schema = getSchema(schemaExtensions);

interface ReadOnlyDocumentProps {
  doc: Y.Doc;
  /** What of the document holds the content. */
  source: Y.XmlFragment | Y.Text;
  documentId: string;
  title: string;
}

/** For how long changes are gathered before the server is asked for the document again. */
const GATHER_MS = 1000;

/**
 * A document that this page cannot edit without harm, to be read. The server knows how to read
 * other editors' documents; an editor that is bound to nothing shows what it makes of them.
 */
export default function ReadOnlyDocument(props: ReadOnlyDocumentProps) {
  const { doc, source, documentId, title } = props;
  const { data: page, failureCount, refetch } = useQuery(readablePageQuery(documentId));
  const [words, setWords] = useState(() => readText(source));

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    function onUpdate(): void {
      timer ??= setTimeout(() => {
        timer = undefined;
        setWords(readText(source));
        void refetch();
      }, GATHER_MS);
    }
    doc.on("update", onUpdate);
    return () => {
      doc.off("update", onUpdate);
      clearTimeout(timer);
    };
  }, [doc, source, refetch]);

  const isUnreachable = failureCount > 0;
  const content = useMemo(() => {
    if (page !== undefined) {
      return readPage(page, schema);
    }
    // The words that this page has are better than none.
    return isUnreachable ? toParagraphs(words) : null;
  }, [page, isUnreachable, words]);

  return (
    <div className={classes.document}>
      <Alert
        icon={<IconEyeglass size={20} />}
        title="Only for reading here"
        role="status"
        data-testid="foreign"
      >
        This document was written with another editor and has parts that this page cannot edit. You
        can read it here.
      </Alert>
      {content !== null && <Pages content={content} title={title} />}
    </div>
  );
}

function Pages({ content, title }: { content: JSONContent; title: string }) {
  const editor = useEditor({
    extensions: schemaExtensions,
    content,
    editable: false,
    injectNonce: styleNonce,
    shouldRerenderOnTransaction: false,
    editorProps: {
      attributes: {
        "aria-label": `Content of ${title}`,
        role: "document",
        class: "document-content",
      },
    },
  });
  useEffect(() => {
    editor.commands.setContent(content);
  }, [editor, content]);
  return <EditorContent editor={editor} className={classes.content} />;
}
