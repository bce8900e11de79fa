import type { Extension } from "@codemirror/state";

/** Languages by the ending of a title; each is loaded when a text of it is opened. */
const LANGUAGES: { endings: string[]; load: () => Promise<Extension> }[] = [
  {
    endings: ["md", "markdown"],
    load: async () => (await import("@codemirror/lang-markdown")).markdown(),
  },
  {
    endings: ["js", "jsx", "mjs", "cjs"],
    load: async () => (await import("@codemirror/lang-javascript")).javascript({ jsx: true }),
  },
  {
    endings: ["ts", "tsx", "mts"],
    load: async () =>
      (await import("@codemirror/lang-javascript")).javascript({ jsx: true, typescript: true }),
  },
  { endings: ["py"], load: async () => (await import("@codemirror/lang-python")).python() },
  {
    endings: ["html", "htm", "vue", "svg", "xml"],
    load: async () => (await import("@codemirror/lang-html")).html(),
  },
  { endings: ["css"], load: async () => (await import("@codemirror/lang-css")).css() },
  { endings: ["json"], load: async () => (await import("@codemirror/lang-json")).json() },
  { endings: ["yaml", "yml"], load: async () => (await import("@codemirror/lang-yaml")).yaml() },
  { endings: ["sql"], load: async () => (await import("@codemirror/lang-sql")).sql() },
];

/** The ending of a title that names a language, or "" for plain text. */
export function endingOf(title: string): string {
  const ending = /\.([a-z]+)$/i.exec(title.trim())?.[1]?.toLowerCase() ?? "";
  return LANGUAGES.some(({ endings }) => endings.includes(ending)) ? ending : "";
}

/** Highlighting for what a title ends in; nothing for plain text. */
export async function loadLanguage(ending: string): Promise<Extension> {
  const language = LANGUAGES.find(({ endings }) => endings.includes(ending));
  return language === undefined ? [] : await language.load();
}
