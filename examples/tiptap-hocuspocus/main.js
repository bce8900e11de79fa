import { HocuspocusProvider } from "@hocuspocus/provider";
import { Editor } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { Highlight } from "@tiptap/extension-highlight";
import { Image } from "@tiptap/extension-image";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { Subscript } from "@tiptap/extension-subscript";
import { Superscript } from "@tiptap/extension-superscript";
import { TableKit } from "@tiptap/extension-table";
import { TextAlign } from "@tiptap/extension-text-align";
import { StarterKit } from "@tiptap/starter-kit";
import { openPage, showPeople, showStatus } from "../shared/page.js";

const { server, document: id, ticket, user } = openPage();

const provider = new HocuspocusProvider({
  url: `${server.replace(/^http/, "ws")}/ws/hocuspocus`,
  name: id,
  // Asked at every connect: in your product, fetch a fresh ticket from your own backend here.
  token: async () => ticket,
});

const editor = new Editor({
  element: document.querySelector("#editor"),
  // Until the server has said whether we may write.
  editable: false,
  extensions: [
    StarterKit.configure({ undoRedo: false, trailingNode: false }),
    // Everything that others may put into the document: an editor drops what it does not know.
    TableKit,
    TaskList,
    TaskItem.configure({ nested: true }),
    Image,
    Highlight.configure({ multicolor: true }),
    Subscript,
    Superscript,
    TextAlign.configure({ types: ["heading", "paragraph"] }),
    Collaboration.configure({ document: provider.document }),
    CollaborationCaret.configure({ provider, user }),
  ],
});

provider.on("authenticated", ({ scope }) => editor.setEditable(scope === "read-write"));
provider.on("authenticationFailed", ({ reason }) => {
  editor.setEditable(false);
  showStatus("refused", reason);
});
provider.on("status", ({ status }) => {
  showStatus(status === "disconnected" ? "offline" : "connecting");
});
provider.on("unsyncedChanges", () => {
  if (provider.isAuthenticated) {
    // The server confirms an edit after its commit: what is not unsynced is on disk.
    showStatus(provider.hasUnsyncedChanges ? "saving" : "saved");
  }
});
showPeople(provider.awareness);
