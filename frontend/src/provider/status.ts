import type { Role } from "./messages";
import type { Refusal } from "./refusal";

/**
 * What may be said truthfully about the copy in this page.
 *
 * `saved`: the server has committed all that is here, and we have all that it has.
 * `saving`: connected; something is not acknowledged yet.
 * `connecting`: on the way to the first answer.
 * `offline`: the connection is lost, and will be tried again.
 * `refused`: this copy cannot be saved any more; `refusal` or `problem` says why.
 */
export type SaveState = "connecting" | "saved" | "saving" | "offline" | "refused";

/** How far the current connection is: nothing is known of the server before `synced`. */
export type Connectivity = "connecting" | "welcomed" | "synced" | "offline";

export function saveState(
  connectivity: Connectivity,
  isRefused: boolean,
  isSettled: boolean,
): SaveState {
  if (isRefused) {
    return "refused";
  }
  switch (connectivity) {
    case "offline":
      return "offline";
    case "connecting":
    case "welcomed":
      return "connecting";
    case "synced":
      return isSettled ? "saved" : "saving";
  }
}

/** The server will not take an edit of this copy. The socket is still open. */
export interface Problem {
  code: string;
  detail: string;
}

export interface ProviderStatus {
  state: SaveState;
  /** The content is complete as of some moment since the page opened. */
  synced: boolean;
  /** As the server last said; `null` before its welcome. */
  role: Role | null;
  canEdit: boolean;
  /** Edits of this person that are not known to be committed. */
  unsavedChanges: number;
  problem: Problem | null;
  refusal: Refusal | null;
}

export const INITIAL_STATUS: ProviderStatus = {
  state: "connecting",
  synced: false,
  role: null,
  canEdit: false,
  unsavedChanges: 0,
  problem: null,
  refusal: null,
};

export function isEditingRole(role: Role | null): boolean {
  return role === "editor" || role === "owner";
}

export function equalStatus(one: ProviderStatus, other: ProviderStatus): boolean {
  return (Object.keys(one) as (keyof ProviderStatus)[]).every((key) => one[key] === other[key]);
}
