import { Extension } from "@tiptap/core";
import { yCursorPlugin } from "@tiptap/y-tiptap";
import type { Awareness } from "y-protocols/awareness";
import { colourOf } from "../../people/colour";
import type { User } from "../../provider";
import { createCaret, identify } from "../carets";
import { hasDrawableCursor } from "../shared-cursor";

/**
 * Carets of the others. In place of Tiptap's extension, which hands every state of the awareness to
 * the plugin as it came; the plugin stops the editor at one that makes no sense.
 */
export function createCarets(awareness: Awareness, person: User) {
  return Extension.create({
    name: "collaborationCaret",
    priority: 999,

    onBeforeCreate() {
      const { username, name } = person;
      awareness.setLocalStateField("user", { username, name, color: colourOf(username ?? name) });
    },

    addProseMirrorPlugins: () => [
      yCursorPlugin(awareness, {
        awarenessStateFilter: (self, client, state) => client !== self && hasDrawableCursor(state),
        cursorBuilder: (user, client) => {
          const { id, name } = identify(user);
          return createCaret({ client, name, colour: colourOf(id) });
        },
        selectionBuilder: (user) => ({
          nodeName: "span",
          class: "collaboration-carets__selection",
          style: `background-color: ${colourOf(identify(user).id)}33`,
        }),
      }),
    ],
  });
}
