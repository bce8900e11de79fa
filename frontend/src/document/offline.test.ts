import { expect, test } from "vitest";
import type { DocumentInfo } from "../api/types";
import type { ProviderStatus } from "../provider";
import { mayEdit } from "./offline";

const OFFLINE: Partial<ProviderStatus> = { state: "offline", role: null, canEdit: false };

test.each<[string, Partial<ProviderStatus>, boolean, boolean]>([
  ["an editor who opened it offline", OFFLINE, true, true],
  ["a viewer who opened it offline", OFFLINE, false, false],
  ["an editor before the first answer", { ...OFFLINE, state: "connecting" }, true, false],
  ["an editor who is refused", { ...OFFLINE, state: "refused" }, true, false],
  ["a viewer who lost the connection", { ...OFFLINE, role: "viewer" }, true, false],
  ["an editor who lost it", { ...OFFLINE, role: "editor", canEdit: true }, true, true],
])("%s", (_who, status, edit, expected) => {
  const document = { abilities: { edit } } as unknown as DocumentInfo;
  expect(mayEdit(status as ProviderStatus, document)).toBe(expected);
});
