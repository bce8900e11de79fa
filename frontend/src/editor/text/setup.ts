import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, type Extension } from "@codemirror/state";
import {
  drawSelection,
  dropCursor,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
  rectangularSelection,
} from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { styleNonce } from "../../app/csp";
import { remoteCursors } from "./remote-cursors";

/** CodeMirror for a shared text. Its undo takes back one's own edits alone. */
export function createExtensions(text: Y.Text, awareness: Awareness, title: string): Extension {
  return [
    EditorView.cspNonce.of(styleNonce),
    // A carriage return is a character of the text. Were it read as part of a line's end, the
    // positions here and in the shared text would drift apart.
    EditorState.lineSeparator.of("\n"),
    EditorView.clipboardInputFilter.of((pasted) => pasted.replaceAll(/\r\n?/g, "\n")),
    lineNumbers(),
    highlightActiveLineGutter(),
    highlightSpecialChars(),
    drawSelection(),
    dropCursor(),
    EditorState.allowMultipleSelections.of(true),
    rectangularSelection(),
    indentOnInput(),
    bracketMatching(),
    // By classes, so that the colours are those of the page in light and dark.
    syntaxHighlighting(classHighlighter),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    placeholder("Write something, or paste it here…"),
    EditorView.contentAttributes.of({ "aria-label": `Content of ${title}` }),
    keymap.of([
      ...closeBracketsKeymap,
      ...yUndoManagerKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      // Escape, then Tab, leaves the editor.
      indentWithTab,
    ]),
    // Without its cursors: remoteCursors has ours.
    yCollab(text, null, { undoManager: new Y.UndoManager(text) }),
    remoteCursors(text, awareness),
  ];
}
