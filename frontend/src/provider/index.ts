/** A Yjs provider that speaks `collab.json.v1`. It knows of no editor and of no user interface. */
export { EventSocket, type UserEvent } from "./event-socket";
export type { ListListener, ListRequest } from "./list-watches";
export {
  type Epoch,
  type ListChange,
  type PresenceEntry,
  ROLES,
  type Role,
  type User,
} from "./messages";
export { Observable } from "./observable";
export type { ProviderOptions } from "./options";
export { DocumentProvider } from "./provider";
export type { Refusal, RefusalReason } from "./refusal";
export { isEditingRole, type Problem, type ProviderStatus, type SaveState } from "./status";
export { type Upload, UploadError } from "./upload";
