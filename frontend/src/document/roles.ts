import type { Role } from "../provider";

/** What the roles are called where people choose among them. */
export const ROLE_CHOICES: { value: Role; label: string }[] = [
  { value: "viewer", label: "Can view" },
  { value: "commenter", label: "Can comment" },
  { value: "editor", label: "Can edit" },
  { value: "owner", label: "Owner" },
];

/** What can be given to somebody who is no member yet. */
export const LESSER_ROLE_CHOICES = ROLE_CHOICES.filter(({ value }) => value !== "owner");

export function labelOf(role: Role): string {
  return ROLE_CHOICES.find(({ value }) => value === role)?.label ?? role;
}
