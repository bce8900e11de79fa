import type { ContentMatch, NodeType, Schema } from "@tiptap/pm/model";
import * as Y from "yjs";

/**
 * Attributes, and marks, that a schema does not know and that an editor can keep all the same. By
 * the name of the node or mark.
 */
export type Carried = ReadonlyMap<string, CarriedType>;

interface CarriedType {
  /** Whether the schema lacks the whole mark. */
  isMark: boolean;
  /** Several marks of this name may lie over one another; each has a key of its own. */
  overlaps: boolean;
  attributes: readonly string[];
}

/** Whether an editor with a schema can be opened on a document without taking anything out of it. */
export type Fit =
  | {
      isForeign: false;
      carried: Carried;
      /** Whether the editor will take out what is empty and in a wrong place. */
      needsCleaning: boolean;
    }
  | { isForeign: true };

type SharedType = Y.Transaction["changed"] extends Map<infer Type, unknown> ? Type : never;

const FOREIGN: Fit = { isForeign: true };

/** y-tiptap reads a document by recursion, and deletes what the stack was too small for. */
const MAX_DEPTH = 200;
/** How y-tiptap names marks of which several may lie over one another. */
const OVERLAPPING = /^(.*)--[a-zA-Z0-9+/=]{8}$/;
/** Names that can be given to what ProseMirror makes. */
const SAFE_NAME = /^[a-zA-Z][\w:.-]*$/;
/** Written by y-tiptap itself while it shows differences; it never shares it. */
const DIFFERENCE = "ychange";

/** An element that is being read. */
interface Frame {
  type: NodeType;
  children: readonly unknown[];
  next: number;
  /** Where the children so far have led to in what the type may hold; `null` when nowhere. */
  match: ContentMatch | null;
  /** Whether something is in it that somebody would miss. */
  holdsContent: boolean;
}

/**
 * Tells whether `fragment` is what `schema` accepts, so that y-tiptap deletes nothing of it: it
 * deletes nodes and texts that it cannot make, and attributes that it does not know. Elements of
 * known names with nothing in them are left to it: what two people take out at once, each a part,
 * leaves those, and every editor cleans them up alike.
 */
export function inspect(fragment: Y.XmlFragment, schema: Schema): Fit {
  if ([...fragment._map.values()].some((item) => !item.deleted)) {
    return FOREIGN;
  }
  const carried = new Map<string, CarriedType>();
  let needsCleaning = false;
  const stack = [openFrame(schema.topNodeType, fragment.toArray())];
  for (;;) {
    const frame = stack[stack.length - 1] as Frame;
    if (frame.next < frame.children.length) {
      const child = frame.children[frame.next];
      frame.next += 1;
      if (child instanceof Y.XmlText) {
        // The editor takes an element for each child of the root.
        if (stack.length === 1 || !readText(child, frame, schema, carried)) {
          return FOREIGN;
        }
      } else if (child instanceof Y.XmlElement && stack.length < MAX_DEPTH) {
        const type = Object.hasOwn(schema.nodes, child.nodeName)
          ? schema.nodes[child.nodeName]
          : undefined;
        if (type === undefined || type.isText || !readAttributes(child, type, carried)) {
          return FOREIGN;
        }
        stack.push(openFrame(type, child.toArray()));
      } else {
        return FOREIGN;
      }
      continue;
    }
    stack.pop();
    const fits = frame.match?.validEnd === true;
    const parent = stack[stack.length - 1];
    if (!fits && frame.holdsContent) {
      return FOREIGN;
    }
    if (parent === undefined) {
      // A document in which nobody has written anything yet has not even a paragraph.
      needsCleaning ||= !fits && frame.children.length > 0;
      return { isForeign: false, carried, needsCleaning };
    }
    if (fits) {
      parent.match = parent.match?.matchType(frame.type) ?? null;
      parent.holdsContent ||= frame.holdsContent;
    } else {
      needsCleaning = true;
    }
  }
}

/**
 * The same after a transaction that changed nothing of `fragment` but words, when it fitted before;
 * `null` when only the whole of it can tell. What others type need not cost a look at everything.
 */
export function inspectWords(
  changed: Iterable<SharedType>,
  fragment: Y.XmlFragment,
  schema: Schema,
): Fit | null {
  const carried = new Map<string, CarriedType>();
  for (const text of changed) {
    if (!isWithin(text, fragment)) {
      continue;
    }
    const { parent } = text;
    const type = parent instanceof Y.XmlElement ? schema.nodes[parent.nodeName] : undefined;
    if (!(text instanceof Y.XmlText) || type === undefined || !type.inlineContent) {
      return null;
    }
    if (!readText(text, openFrame(type, []), schema, carried)) {
      return FOREIGN;
    }
  }
  return { isForeign: false, carried, needsCleaning: false };
}

function isWithin(type: SharedType, fragment: Y.XmlFragment): boolean {
  const root: unknown = fragment;
  let ancestor: SharedType | null = type;
  while (ancestor !== null && ancestor !== root) {
    ancestor = ancestor.parent;
  }
  return ancestor === root;
}

/** Whether an editor that was made to carry the first carries the second too. */
export function covers(mounted: Carried, needed: Carried): boolean {
  return [...needed].every(([name, { isMark, overlaps, attributes }]) => {
    const known = mounted.get(name);
    return (
      known !== undefined &&
      known.isMark === isMark &&
      known.overlaps === overlaps &&
      attributes.every((attribute) => known.attributes.includes(attribute))
    );
  });
}

/** The second, or the first when an editor that was made for it does for both. */
export function mergeFits(before: Fit, now: Fit): Fit {
  if (before.isForeign || now.isForeign) {
    return before.isForeign && now.isForeign ? before : now;
  }
  const isCovered = covers(before.carried, now.carried);
  if (isCovered && before.needsCleaning === now.needsCleaning) {
    return before;
  }
  // An editor is not made anew for what it need not carry any more.
  return { ...now, carried: isCovered ? before.carried : unite(before.carried, now.carried) };
}

/** What carries both; the second says what is when they differ. */
function unite(one: Carried, other: Carried): Carried {
  const united = new Map(one);
  for (const [name, type] of other) {
    const attributes = new Set([...(one.get(name)?.attributes ?? []), ...type.attributes]);
    united.set(name, { ...type, attributes: [...attributes] });
  }
  return united;
}

function openFrame(type: NodeType, children: readonly unknown[]): Frame {
  return { type, children, next: 0, match: type.contentMatch, holdsContent: type.isLeaf };
}

function readAttributes(
  element: Y.XmlElement,
  type: NodeType,
  carried: Map<string, CarriedType>,
): boolean {
  const attributes: Record<string, unknown> = element.getAttributes();
  const known = type.spec.attrs ?? {};
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || name === DIFFERENCE) {
      continue;
    }
    if (value instanceof Y.AbstractType) {
      return false;
    }
    if (!Object.hasOwn(known, name) && !carry(carried, type.name, OURS, name)) {
      return false;
    }
  }
  return true;
}

function readText(
  text: Y.XmlText,
  parent: Frame,
  schema: Schema,
  carried: Map<string, CarriedType>,
): boolean {
  for (const { insert, attributes } of text.toDelta() as DeltaPart[]) {
    if (typeof insert !== "string") {
      return false;
    }
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (!readMark(key, value, parent.type, schema, carried)) {
        return false;
      }
    }
    parent.holdsContent = true;
    parent.match = parent.match?.matchType(schema.nodes.text as NodeType) ?? null;
  }
  return true;
}

interface DeltaPart {
  insert: unknown;
  attributes?: Record<string, unknown>;
}

function readMark(
  key: string,
  value: unknown,
  parent: NodeType,
  schema: Schema,
  carried: Map<string, CarriedType>,
): boolean {
  const name = OVERLAPPING.exec(key)?.[1] ?? key;
  const overlaps = name !== key;
  if (Object.hasOwn(schema.marks, name)) {
    const type = schema.marks[name];
    if (type === undefined || !parent.allowsMarkType(type) || overlaps === type.excludes(type)) {
      return false;
    }
    // Scripts say `true` of a mark that is only on or off, and mean what an editor writes as {}.
    const known = type.spec.attrs ?? {};
    return (
      value === true ||
      (isPlain(value) &&
        Object.entries(value).every(
          ([attribute, set]) =>
            set == null || Object.hasOwn(known, attribute) || carry(carried, name, OURS, attribute),
        ))
    );
  }
  const canBeMade = SAFE_NAME.test(name) && name !== DIFFERENCE && !(name in schema.nodes);
  // A type that allows every mark says so by having no set of them.
  if (!canBeMade || parent.markSet !== null || !isPlain(value)) {
    return false;
  }
  const made = { isMark: true, overlaps };
  return (
    carry(carried, name, made) &&
    Object.keys(value).every((attribute) => carry(carried, name, made, attribute))
  );
}

const OURS = { isMark: false, overlaps: false };

/** `false` for what cannot be carried beside the rest. */
function carry(
  carried: Map<string, CarriedType>,
  name: string,
  made: Omit<CarriedType, "attributes">,
  attribute?: string,
): boolean {
  const before = carried.get(name) ?? { ...made, attributes: [] };
  if (before.isMark !== made.isMark || before.overlaps !== made.overlaps) {
    return false;
  }
  if (attribute === undefined || before.attributes.includes(attribute)) {
    carried.set(name, before);
    return true;
  }
  carried.set(name, { ...before, attributes: [...before.attributes, attribute] });
  return SAFE_NAME.test(attribute);
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
