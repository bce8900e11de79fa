/**
 * The messages of `collab.json.v1` and their codec. Pure: no socket, no Yjs.
 *
 * One JSON object per text frame, binary as standard base64. Types that this client does not
 * know are ignored (`null`), so that the server can learn new ones; known types that are malformed
 * throw `MessageError`.
 */
import { fromBase64, toBase64 } from "./base64";

export const SUBPROTOCOL = "collab.json.v1";

export const ROLES = ["viewer", "commenter", "editor", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** Counts a document's incarnations; an operator starts a new one by replacing its content. */
export type Epoch = number;

/** A person as the server knows them. */
export interface User {
  /** `null` for visitors whom a link lets in without an account. */
  username: string | null;
  name: string;
}

export interface AwarenessState {
  client: number;
  clock: number;
  /** `null` when this client leaves. */
  state: Record<string, unknown> | null;
}

export interface PresenceEntry {
  connection: string;
  user: User;
  role: Role;
  /** ISO time of joining. */
  since: string;
}

export type ClientMessage =
  | { type: "hello"; token?: string }
  | { type: "sync"; id: number; state_vector: Uint8Array; epoch?: Epoch }
  | { type: "update"; cseq: number; update: Uint8Array }
  | { type: "awareness"; states: AwarenessState[] }
  | { type: "ping"; id: number }
  | { type: "chat"; id: number | string; text: string }
  | { type: "direct"; id: number | string; to: string; data: unknown }
  | {
      type: "request";
      id: number | string;
      method: string;
      params: Record<string, unknown>;
      live?: boolean;
    }
  | { type: "unsubscribe"; id: number | string; subscription: number }
  | { type: "subscribe"; id: number | string; topics: string[]; documents?: string[] };

/** What became of an item of a list that is watched; `item` is `null` when it was removed. */
export interface ListChange {
  kind: "added" | "changed" | "removed";
  id: number | string;
  item: Record<string, unknown> | null;
}

export interface Welcome {
  type: "welcome";
  connection: string;
  user: User;
  role: Role | null;
  epoch: Epoch | null;
  head: number | null;
  /** Largest frame that the server takes, in bytes; `null` when it did not say. */
  maxFrameBytes: number | null;
  pingSeconds: number;
}

export interface ServerError {
  type: "error";
  id: number | string | null;
  cseq: number | null;
  code: string;
  detail: string;
  retryMs: number | null;
}

/** What somebody said in the document's chat. */
export interface ChatMessage {
  type: "chat";
  /** Ours, when it was us who said it on this connection. */
  id: number | string | null;
  /** Its id in the list of messages. */
  message: number;
  user: User;
  text: string;
  /** ISO time. */
  at: string;
}

export type ServerMessage =
  | Welcome
  | ServerError
  | {
      type: "sync";
      id: number | string | null;
      update: Uint8Array;
      stateVector: Uint8Array;
      seq: number;
    }
  | { type: "ack"; cseq: number; seq: number; fromCseq: number }
  | { type: "update"; update: Uint8Array; user: User | null }
  | { type: "awareness"; states: AwarenessState[] }
  | { type: "presence"; full: PresenceEntry[] }
  | { type: "presence"; joined: PresenceEntry }
  | { type: "presence"; left: string }
  | { type: "role"; role: Role }
  | { type: "pong"; id: number | string | null }
  | ChatMessage
  | { type: "direct"; from: string; data: unknown }
  | { type: "response"; id: number | string; result: unknown; subscription: number | null }
  | { type: "push"; subscription: number; n: number; event: ListChange }
  | { type: "event"; topic: string; document: string | null; event: ListChange };

export class MessageError extends Error {
  override name = "MessageError";
}

/** One text frame for a message. */
export function encodeMessage(message: ClientMessage): string {
  switch (message.type) {
    case "sync":
      return JSON.stringify({ ...message, state_vector: toBase64(message.state_vector) });
    case "update":
      return JSON.stringify({ ...message, update: toBase64(message.update) });
    default:
      return JSON.stringify(message);
  }
}

/** Bytes of the frame that `encodeMessage` makes of an update, without making it. */
export function updateFrameBytes(updateBytes: number): number {
  const envelope = 64;
  return envelope + Math.ceil(updateBytes / 3) * 4;
}

/** The message in a text frame, or `null` for a type that this client does not know. */
export function decodeMessage(frame: string): ServerMessage | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(frame);
  } catch {
    throw new MessageError("the frame is not JSON");
  }
  const fields = asObject(parsed, "message");
  switch (fields.type) {
    case "welcome":
      return decodeWelcome(fields);
    case "sync":
      return {
        type: "sync",
        id: asId(fields.id),
        update: asBytes(fields.update, "update"),
        stateVector: asBytes(fields.state_vector, "state_vector"),
        seq: asInteger(fields.seq, "seq"),
      };
    case "ack": {
      const cseq = asInteger(fields.cseq, "cseq");
      const fromCseq = fields.from_cseq == null ? cseq : asInteger(fields.from_cseq, "from_cseq");
      return { type: "ack", cseq, seq: asInteger(fields.seq, "seq"), fromCseq };
    }
    case "update":
      return {
        type: "update",
        update: asBytes(fields.update, "update"),
        user: fields.user == null ? null : asUser(fields.user),
      };
    case "awareness":
      return { type: "awareness", states: asArray(fields.states, "states").map(asAwarenessState) };
    case "presence":
      return decodePresence(fields);
    case "role":
      return { type: "role", role: asRole(fields.role) };
    case "pong":
      return { type: "pong", id: asId(fields.id) };
    case "chat":
      return {
        type: "chat",
        id: asId(fields.id),
        message: asInteger(fields.message, "message"),
        user: asUser(fields.user),
        text: asString(fields.text, "text"),
        at: asString(fields.at, "at"),
      };
    case "direct":
      return { type: "direct", from: asString(fields.from, "from"), data: fields.data ?? null };
    case "response":
      return {
        type: "response",
        id: asRequestId(fields.id),
        result: fields.result,
        subscription:
          fields.subscription == null ? null : asInteger(fields.subscription, "subscription"),
      };
    case "push":
      return {
        type: "push",
        subscription: asInteger(fields.subscription, "subscription"),
        n: asInteger(fields.n, "n"),
        event: asListChange(fields.event),
      };
    case "event":
      return {
        type: "event",
        topic: asString(fields.topic, "topic"),
        document: fields.document == null ? null : asString(fields.document, "document"),
        event: asListChange(fields.event),
      };
    case "error":
      return {
        type: "error",
        id: asId(fields.id),
        cseq: fields.cseq == null ? null : asInteger(fields.cseq, "cseq"),
        code: asString(fields.code, "code"),
        detail: typeof fields.detail === "string" ? fields.detail : "",
        retryMs: fields.retry_ms == null ? null : asInteger(fields.retry_ms, "retry_ms"),
      };
    default:
      return null;
  }
}

type Fields = Record<string, unknown>;

function decodeWelcome(fields: Fields): Welcome {
  const limits = fields.limits == null ? {} : asObject(fields.limits, "limits");
  const maxFrameBytes = limits.max_frame_bytes ?? limits.frame_bytes;
  return {
    type: "welcome",
    connection: asKey(fields.connection, "connection"),
    user: asUser(fields.user),
    role: fields.role == null ? null : asRole(fields.role),
    epoch: fields.epoch == null ? null : asInteger(fields.epoch, "epoch"),
    head: fields.head == null ? null : asInteger(fields.head, "head"),
    maxFrameBytes: typeof maxFrameBytes === "number" ? maxFrameBytes : null,
    pingSeconds: asNumber(fields.ping_seconds, "ping_seconds"),
  };
}

function decodePresence(fields: Fields): ServerMessage | null {
  if (fields.full !== undefined) {
    return { type: "presence", full: asArray(fields.full, "full").map(asPresenceEntry) };
  }
  if (fields.joined !== undefined) {
    return { type: "presence", joined: asPresenceEntry(fields.joined) };
  }
  if (fields.left !== undefined) {
    return { type: "presence", left: asKey(fields.left, "left") };
  }
  return null;
}

function asListChange(value: unknown): ListChange {
  const fields = asObject(value, "event");
  const { kind } = fields;
  if (kind !== "added" && kind !== "changed" && kind !== "removed") {
    throw new MessageError(`unknown kind of event: ${JSON.stringify(kind)}`);
  }
  const item = fields.item == null ? null : asObject(fields.item, "item");
  return { kind, id: asRequestId(fields.id), item };
}

function asPresenceEntry(value: unknown): PresenceEntry {
  const fields = asObject(value, "presence entry");
  return {
    connection: asKey(fields.connection, "connection"),
    user: asUser(fields.user),
    role: asRole(fields.role),
    since: asString(fields.since, "since"),
  };
}

function asAwarenessState(value: unknown): AwarenessState {
  const fields = asObject(value, "awareness state");
  return {
    client: asInteger(fields.client, "client"),
    clock: asInteger(fields.clock, "clock"),
    state: fields.state == null ? null : asObject(fields.state, "state"),
  };
}

function asUser(value: unknown): User {
  const fields = asObject(value, "user");
  const username = fields.username == null ? null : asString(fields.username, "username");
  const name = typeof fields.name === "string" ? fields.name : "";
  return { username, name: name || (username ?? "Guest") };
}

function asRole(value: unknown): Role {
  const role = ROLES.find((known) => known === value);
  if (role === undefined) {
    throw new MessageError(`unknown role: ${JSON.stringify(value)}`);
  }
  return role;
}

function asId(value: unknown): number | string | null {
  return typeof value === "string" || typeof value === "number" ? value : null;
}

function asRequestId(value: unknown): number | string {
  const id = asId(value);
  if (id === null) {
    throw new MessageError("id is missing");
  }
  return id;
}

function asKey(value: unknown, what: string): string {
  if (typeof value === "string" || typeof value === "number") {
    return String(value);
  }
  throw new MessageError(`${what} is missing`);
}

function asString(value: unknown, what: string): string {
  if (typeof value !== "string") {
    throw new MessageError(`${what} is not a string`);
  }
  return value;
}

function asNumber(value: unknown, what: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new MessageError(`${what} is not a number`);
  }
  return value;
}

function asInteger(value: unknown, what: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw new MessageError(`${what} is not a count`);
  }
  return value as number;
}

function asBytes(value: unknown, what: string): Uint8Array {
  try {
    return fromBase64(asString(value, what));
  } catch {
    throw new MessageError(`${what} is not base64`);
  }
}

function asArray(value: unknown, what: string): unknown[] {
  if (!Array.isArray(value)) {
    throw new MessageError(`${what} is not a list`);
  }
  return value;
}

function asObject(value: unknown, what: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MessageError(`${what} is not an object`);
  }
  return value as Fields;
}
