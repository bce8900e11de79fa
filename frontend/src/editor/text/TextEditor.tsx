import "@fontsource-variable/jetbrains-mono/wght.css";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { lazy, useEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type * as Y from "yjs";
import { colourOf } from "../../people/colour";
import type { EditorProps } from "../types";
import "../carets.css";
import "../comment-marks.css";
import "./text.css";
import { EarlyWatch } from "../early-watch";
import { createCommentMarks } from "./comment-marks";
import { endingOf, loadLanguage } from "./languages";
import { isPlain } from "./plain";
import { createExtensions } from "./setup";

const access = new Compartment();
const language = new Compartment();

function accessFor(editable: boolean): Extension {
  return [EditorState.readOnly.of(!editable), EditorView.editable.of(editable)];
}

const ReadOnlyDocument = lazy(() => import("../readonly/ReadOnlyDocument"));

/** The editor, as long as the document is nothing but text; or else what can be read of it. */
export default function TextEditor(props: EditorProps) {
  const { doc, root, documentId, title } = props;
  const watch = useMemo(() => watchPlainness(doc, root), [doc, root]);
  const isPlain = useSyncExternalStore(watch.subscribe, watch.get);
  if (isPlain) {
    return <BoundEditor {...props} watch={watch} />;
  }
  return (
    <ReadOnlyDocument doc={doc} source={doc.getText(root)} documentId={documentId} title={title} />
  );
}

function watchPlainness(doc: Y.Doc, root: string): EarlyWatch<boolean> {
  const text = doc.getText(root);
  return new EarlyWatch(doc, () => isPlain(text));
}

interface BoundEditorProps extends EditorProps {
  watch: EarlyWatch<boolean>;
}

function BoundEditor(props: BoundEditorProps) {
  const { doc, root, awareness, person, editable, title, comments, watch } = props;
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // What a later rendering changes is told to the editor; it is not made again.
  const initial = useRef({ editable, title, person });

  useEffect(() => {
    if (parent.current === null || !watch.get()) {
      return;
    }
    const text = doc.getText(root);
    const { username, name } = initial.current.person;
    awareness.setLocalStateField("user", { username, name, color: colourOf(username ?? name) });
    const created = new EditorView({
      parent: parent.current,
      doc: text.toString(),
      extensions: [
        access.of(accessFor(initial.current.editable)),
        language.of([]),
        createExtensions(text, awareness, initial.current.title),
        createCommentMarks(text, awareness, comments),
      ],
    });
    view.current = created;
    function stop(): void {
      stopWatching();
      created.destroy();
      view.current = null;
    }
    const stopWatching = watch.subscribe(() => {
      if (!watch.get()) {
        stop();
      }
    });
    return stop;
  }, [doc, root, awareness, comments, watch]);

  useEffect(() => {
    initial.current.editable = editable;
    view.current?.dispatch({ effects: access.reconfigure(accessFor(editable)) });
  }, [editable]);

  const ending = endingOf(title);
  useEffect(() => {
    let isCurrent = true;
    void loadLanguage(ending).then((loaded) => {
      if (isCurrent) {
        view.current?.dispatch({ effects: language.reconfigure(loaded) });
      }
    });
    return () => {
      isCurrent = false;
    };
  }, [ending]);

  return <div ref={parent} className="text-editor" data-editable={editable} />;
}
