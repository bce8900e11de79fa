import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import type { DecorationAttrs } from "@tiptap/pm/view";
import type { Awareness } from "y-protocols/awareness";
import type { Person } from "../../api/types";
import { colourOf } from "../../people/colour";

interface CaretUser {
  username?: unknown;
  name?: unknown;
}

/** Carets of the others. Their colour follows from who they are, not from what they claim. */
export function createCarets(awareness: Awareness, person: Person) {
  return CollaborationCaret.configure({
    provider: { awareness },
    user: { username: person.username, name: person.name, color: colourOf(person.username) },
    render: renderCaret,
    selectionRender,
  });
}

function identify(user: CaretUser): { id: string; name: string } {
  const name = typeof user.name === "string" && user.name !== "" ? user.name : "Guest";
  return { name, id: typeof user.username === "string" ? user.username : name };
}

/** Styles are set one by one: the page's policy allows no style attributes. */
function renderCaret(user: CaretUser): HTMLElement {
  const { id, name } = identify(user);
  const caret = document.createElement("span");
  caret.className = "collaboration-carets__caret";
  caret.style.setProperty("--person", colourOf(id));
  const label = document.createElement("span");
  label.className = "collaboration-carets__label";
  label.textContent = name;
  caret.append(label);
  return caret;
}

function selectionRender(user: CaretUser): DecorationAttrs {
  return {
    nodeName: "span",
    class: "collaboration-carets__selection",
    style: `background-color: ${colourOf(identify(user).id)}33`,
  };
}
