import { useDisclosure } from "@mantine/hooks";
import { Extension } from "@tiptap/core";
import { Placeholder } from "@tiptap/extensions";
import { EditorContent, useEditor } from "@tiptap/react";
import {
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useSyncExternalStore,
} from "react";
import { styleNonce } from "../../app/csp";
import type { EditorProps } from "../types";
import "../carets.css";
import "../comment-marks.css";
import "./content.css";
import { showNamesOnMove } from "../carets";
import type { EarlyWatch } from "../early-watch";
import ReadOnlyDocument from "../readonly/ReadOnlyDocument";
import { createCarets } from "./caret";
import { createCarriers } from "./carry";
import { createCommentMarks } from "./comment-marks";
import { type Carried, covers, type Fit } from "./fit";
import { createGuardedCollaboration } from "./guarded-collaboration";
import { LinkBubble } from "./LinkBubble";
import { LinkControl } from "./LinkControl";
import { notePlace, type Place, returnTo } from "./place";
import classes from "./RichTextEditor.module.css";
import { ReadOnlyGuard } from "./read-only-guard";
import { schemaExtensions } from "./schema";
import { Toolbar } from "./Toolbar";
import { watchFit } from "./watch-fit";

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

/** The editor, as long as it understands the document; or else what can be read of it. */
export default function RichTextEditor(props: EditorProps) {
  const { doc, root, documentId, title, editable } = props;
  const watch = useMemo(() => watchFit(doc, root), [doc, root]);
  const fit = useSyncExternalStore(watch.subscribe, watch.get);
  const place = useRef<Place | null>(null);
  // Who may not edit may not clean up either.
  if (fit.isForeign || (fit.needsCleaning && !editable)) {
    return (
      <ReadOnlyDocument
        doc={doc}
        source={doc.getXmlFragment(root)}
        documentId={documentId}
        title={title}
      />
    );
  }
  const { carried } = fit;
  return (
    <BoundEditor
      key={JSON.stringify([...carried])}
      {...props}
      watch={watch}
      carried={carried}
      place={place}
    />
  );
}

interface BoundEditorProps extends EditorProps {
  watch: EarlyWatch<Fit>;
  carried: Carried;
  /** Where the last editor was left for this one. */
  place: RefObject<Place | null>;
}

function BoundEditor(props: BoundEditorProps) {
  const { doc, root, awareness, person, editable, title, watch, carried, place } = props;
  const { comments } = props;
  const [isEditingLink, linkForm] = useDisclosure();
  const mayClean = useRef(editable);
  mayClean.current = editable;

  function isOpen(): boolean {
    const fit = watch.get();
    return (
      !fit.isForeign && covers(carried, fit.carried) && (mayClean.current || !fit.needsCleaning)
    );
  }

  const editor = useEditor(
    {
      extensions: [
        ...schemaExtensions,
        ...createCarriers(carried),
        createGuardedCollaboration(doc.getXmlFragment(root), {
          isOpen,
          subscribe: watch.subscribe,
          onClosed: (view) => {
            // Nobody is called back from reading.
            place.current = watch.get().isForeign ? null : notePlace(view);
          },
        }),
        createCarets(awareness, person),
        createCommentMarks(comments, awareness),
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
    [doc, root, comments],
  );

  useEffect(() => {
    // Without telling of an update: the document did not change.
    editor.setEditable(editable, false);
  }, [editor, editable]);

  // In the same turn as the last editor is taken away.
  useLayoutEffect(() => {
    if (place.current !== null) {
      returnTo(editor, place.current);
      place.current = null;
    }
  }, [editor, place]);

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
      <div ref={content} className={classes.page}>
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
