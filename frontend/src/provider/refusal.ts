/** Why the server closed a socket for good, by its close code. */

export type RefusalReason =
  | "signed_out"
  | "removed"
  | "missing"
  | "replaced"
  | "too_large"
  | "protocol";

export interface Refusal {
  reason: RefusalReason;
  code: number;
  detail: string;
}

/**
 * The refusal that a close code stands for, or `null` when trying again is right.
 *
 * The codes from 4400 to 4499 are final, whatever they come to mean; 1009 is how web servers
 * close a frame above their own limit, which the same frame would meet again.
 */
export function refusalOf(code: number, detail: string): Refusal | null {
  if (code === 1009) {
    return { reason: "too_large", code, detail };
  }
  if (code < 4400 || code > 4499) {
    return null;
  }
  switch (code) {
    case 4401:
      return { reason: "signed_out", code, detail };
    case 4403:
      return { reason: "removed", code, detail };
    case 4404:
      return { reason: "missing", code, detail };
    case 4409:
      return { reason: "replaced", code, detail };
    case 4413:
      return { reason: "too_large", code, detail };
    default:
      return { reason: "protocol", code, detail };
  }
}
