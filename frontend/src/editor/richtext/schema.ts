import { Highlight } from "@tiptap/extension-highlight";
import { Image } from "@tiptap/extension-image";
import { TaskItem, TaskList } from "@tiptap/extension-list";
import { Subscript } from "@tiptap/extension-subscript";
import { Superscript } from "@tiptap/extension-superscript";
import { TableKit } from "@tiptap/extension-table";
import { TextAlign } from "@tiptap/extension-text-align";
import StarterKit from "@tiptap/starter-kit";
import { isAllowedLink } from "./links";

/** What a rich text can hold. The exporters of the server know the same names. */
export const schemaExtensions = [
  StarterKit.configure({
    // Collaboration brings an undo of one's own edits alone.
    undoRedo: false,
    // It would add a paragraph in every open editor when somebody ends with a heading.
    trailingNode: false,
    link: {
      openOnClick: false,
      autolink: true,
      defaultProtocol: "https",
      isAllowedUri: (url) => isAllowedLink(url),
      shouldAutoLink: (url) => isAllowedLink(url),
      HTMLAttributes: { rel: "noopener noreferrer nofollow", target: "_blank" },
    },
  }),
  TableKit.configure({ table: { resizable: true } }),
  TaskList,
  TaskItem.configure({ nested: true }),
  // Images come over https alone; what is pasted with others would only be a broken frame.
  Image.extend({ parseHTML: () => [{ tag: 'img[src^="https://"]' }] }).configure({
    HTMLAttributes: { loading: "lazy" },
  }),
  // Other editors share highlights in colours; they are kept.
  Highlight.configure({ multicolor: true }),
  Subscript,
  Superscript,
  TextAlign.configure({ types: ["heading", "paragraph"] }),
];
