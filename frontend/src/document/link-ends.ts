/** How long a link opens a document, where people choose. `set`: as it is already. */
export type LinkEnd = "never" | "day" | "week" | "month" | "date" | "set";

export const LINK_ENDS: { value: LinkEnd; label: string }[] = [
  { value: "never", label: "For ever" },
  { value: "day", label: "For a day" },
  { value: "week", label: "For a week" },
  { value: "month", label: "For 30 days" },
  { value: "date", label: "Until…" },
];

const DAYS = { day: 1, week: 7, month: 30 } as const;

/** When a link that is opened `now` ends, as the API takes it; `null` for never. */
export function endsAfter(end: "never" | "day" | "week" | "month", now: number): string | null {
  return end === "never" ? null : new Date(now + DAYS[end] * 86_400_000).toISOString();
}
