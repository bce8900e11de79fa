import { markdown } from "@codemirror/lang-markdown";
import { EditorState } from "@codemirror/state";
import { basicSetup, EditorView } from "codemirror";
import { yCollab } from "y-codemirror.next";
import { messageAuth, WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import { openPage, showPeople, showStatus } from "../shared/page.js";

const { server, document: id, ticket, user } = openPage();

const doc = new Y.Doc();
const text = doc.getText("content");
const provider = new WebsocketProvider(`${server.replace(/^http/, "ws")}/ws/yjs`, id, doc, {
  // Read at every connect: set `provider.params` when your own backend has a fresh ticket.
  params: { ticket },
  // Not past the server from tab to tab: it decides who may write.
  disableBc: true,
});
provider.awareness.setLocalStateField("user", user);

new EditorView({
  parent: document.querySelector("#editor"),
  state: EditorState.create({
    doc: text.toString(),
    extensions: [
      basicSetup,
      markdown(),
      EditorView.lineWrapping,
      yCollab(text, provider.awareness),
    ],
  }),
});

// This protocol confirms nothing: connected says that edits are on their way, no more.
provider.on("status", ({ status }) => {
  showStatus({ connecting: "connecting", disconnected: "offline" }[status] ?? "connected");
});
provider.on("closed", ({ reason }) => showStatus("refused", reason));
provider.messageHandlers[messageAuth] = () => showStatus("refused", "You may only read");
showPeople(provider.awareness);
