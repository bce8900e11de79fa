/** Mentions, as the server finds them: `@username`, but not within a word, which is a mail address. */
const MENTION = /(?<![\w.+@-])@([\p{L}\p{N}_.+@-]{1,150})/gu;
const BEING_TYPED = /(?<![\w.+@-])@([\p{L}\p{N}_.+@-]*)$/u;

export interface Part {
  text: string;
  isMention: boolean;
  /** Where it begins. */
  at: number;
}

/** The text in parts of which some are mentions; together they are the text. */
export function splitMentions(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: found, index } of text.matchAll(MENTION)) {
    // A full stop behind a name ends the sentence.
    const name = found.replace(/[.+@-]+$/, "");
    if (index > end) {
      parts.push({ text: text.slice(end, index), isMention: false, at: end });
    }
    parts.push({ text: name, isMention: true, at: index });
    end = index + name.length;
  }
  if (end < text.length) {
    parts.push({ text: text.slice(end), isMention: false, at: end });
  }
  return parts;
}

/** What has been typed of a mention that ends at the caret; `null` when none is being typed. */
export function mentionBeingTyped(text: string, caret: number): string | null {
  return BEING_TYPED.exec(text.slice(0, caret))?.[1] ?? null;
}

/** The text with the mention that ends at the caret made whole, and where the caret is then. */
export function completeMention(
  text: string,
  caret: number,
  username: string,
): { text: string; caret: number } {
  const typed = mentionBeingTyped(text, caret) ?? "";
  const before = `${text.slice(0, caret - typed.length)}${username} `;
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length };
}
