import { useDisclosure } from "@mantine/hooks";
import { Extension } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { Placeholder } from "@tiptap/extensions";
import { EditorContent, useEditor } from "@tiptap/react";
import { useEffect, useRef } from "react";
import { styleNonce } from "../../app/csp";
import type { EditorProps } from "../types";
import "../carets.css";
import "./content.css";
import { showNamesOnMove } from "../carets";
import { createCarets } from "./caret";
import { LinkBubble } from "./LinkBubble";
import { LinkControl } from "./LinkControl";
import classes from "./RichTextEditor.module.css";
import { ReadOnlyGuard } from "./read-only-guard";
import { schemaExtensions } from "./schema";
import { Toolbar } from "./Toolbar";

function createLinkShortcut(open: () => void) {
  return Extension.create({
    name: "linkShortcut",
    addKeyboardShortcuts: () => ({
      "Mod-k": () => {
        open();
        return true;
      },
    }),
  });
}

export default function RichTextEditor(props: EditorProps) {
  const { doc, root, awareness, person, editable, title } = props;
  const [isEditingLink, linkForm] = useDisclosure();
  const editor = useEditor(
    {
      extensions: [
        ...schemaExtensions,
        Collaboration.configure({ fragment: doc.getXmlFragment(root) }),
        createCarets(awareness, person),
        Placeholder.configure({ placeholder: "Write something, or paste it here…" }),
        ReadOnlyGuard,
        createLinkShortcut(linkForm.open),
      ],
      editable,
      injectNonce: styleNonce,
      // What the toolbar shows it watches itself; a keystroke renders nothing of React.
      shouldRerenderOnTransaction: false,
      editorProps: {
        attributes: {
          "aria-label": `Content of ${title}`,
          role: "textbox",
          "aria-multiline": "true",
          class: "document-content",
        },
      },
    },
    [doc, root],
  );

  useEffect(() => {
    // Without telling of an update: the document did not change.
    editor.setEditable(editable, false);
  }, [editor, editable]);

  const content = useRef<HTMLDivElement>(null);
  useEffect(
    () => (content.current === null ? undefined : showNamesOnMove(content.current, awareness)),
    [awareness],
  );

  /** A click below the last line goes on writing there. */
  function continueAtEnd(): void {
    if (!editable) {
      return;
    }
    const last = editor.state.doc.lastChild;
    if (last !== null && !last.isTextblock) {
      editor.chain().insertContentAt(editor.state.doc.content.size, { type: "paragraph" }).run();
    }
    editor.commands.focus("end");
  }

  return (
    <div className={classes.editor}>
      {editable && (
        <>
          <Toolbar
            editor={editor}
            link={
              <LinkControl
                editor={editor}
                opened={isEditingLink}
                onOpen={linkForm.open}
                onClose={linkForm.close}
              />
            }
          />
          <LinkBubble editor={editor} onEdit={linkForm.open} />
        </>
      )}
      <div ref={content}>
        <EditorContent editor={editor} className={classes.content} />
      </div>
      {/* Who uses a keyboard gets there with the arrows. */}
      <div
        className={classes.below}
        aria-hidden="true"
        onMouseDown={(event) => {
          event.preventDefault();
          continueAtEnd();
        }}
      />
    </div>
  );
}
