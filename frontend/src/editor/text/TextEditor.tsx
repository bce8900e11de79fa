import "@fontsource-variable/jetbrains-mono/wght.css";
import { Compartment, EditorState, type Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useEffect, useRef } from "react";
import { colourOf } from "../../people/colour";
import type { EditorProps } from "../types";
import "../carets.css";
import "./text.css";
import { endingOf, loadLanguage } from "./languages";
import { createExtensions } from "./setup";

const access = new Compartment();
const language = new Compartment();

function accessFor(editable: boolean): Extension {
  return [EditorState.readOnly.of(!editable), EditorView.editable.of(editable)];
}

export default function TextEditor({ doc, root, awareness, person, editable, title }: EditorProps) {
  const parent = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  // What a later rendering changes is told to the editor; it is not made again.
  const initial = useRef({ editable, title, person });

  useEffect(() => {
    if (parent.current === null) {
      return;
    }
    const text = doc.getText(root);
    const { username, name } = initial.current.person;
    awareness.setLocalStateField("user", { username, name, color: colourOf(username) });
    const created = new EditorView({
      parent: parent.current,
      doc: text.toString(),
      extensions: [
        access.of(accessFor(initial.current.editable)),
        language.of([]),
        createExtensions(text, awareness, initial.current.title),
      ],
    });
    view.current = created;
    return () => {
      created.destroy();
      view.current = null;
    };
  }, [doc, root, awareness]);

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
