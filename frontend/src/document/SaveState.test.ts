import { expect, test } from "vitest";
import type { ProviderStatus } from "../provider";
import { describeState } from "./SaveState";

const status = (fields: Partial<ProviderStatus>): ProviderStatus => ({
  state: "saved",
  synced: true,
  role: "owner",
  canEdit: true,
  unsavedChanges: 0,
  problem: null,
  refusal: null,
  ...fields,
});

test.each([
  ["saved", {}, "Saved"],
  ["saved", { canEdit: false }, "Up to date"],
  ["saving", { unsavedChanges: 2 }, "Saving…"],
  ["offline", {}, "Offline – reconnecting"],
  ["offline", { unsavedChanges: 1 }, "Offline – 1 change will be sent when you are back"],
  ["offline", { unsavedChanges: 3 }, "Offline – 3 changes will be sent when you are back"],
  ["refused", { unsavedChanges: 3 }, "Not saved"],
  ["refused", {}, "Closed"],
] as const)("%s with %j reads as %j", (state, fields, words) => {
  expect(describeState(state, status(fields))).toBe(words);
});
