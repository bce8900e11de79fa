import type { DocumentInfo } from "../api/types";
import type { ProviderStatus } from "../provider";

/**
 * Whether a document was opened from the copy on this computer because its socket cannot be
 * reached. Then only the REST API has said what its reader may do.
 */
export function isOpenedOffline({ state, role }: ProviderStatus): boolean {
  return state === "offline" && role === null;
}

/** Whether this person may type now; the server has the last word when it is reached. */
export function mayEdit(status: ProviderStatus, document: DocumentInfo): boolean {
  return status.canEdit || (isOpenedOffline(status) && document.abilities.edit === true);
}
