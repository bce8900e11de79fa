/** When something was, in words that a glance can take in. */

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
];

export function formatAgo(iso: string, now: number = Date.now()): string {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (seconds < 45) {
    return "just now";
  }
  if (seconds > 6 * 86_400) {
    const sameYear = new Date(iso).getFullYear() === new Date(now).getFullYear();
    return new Date(iso).toLocaleDateString("en", {
      month: "short",
      day: "numeric",
      ...(sameYear ? {} : { year: "numeric" }),
    });
  }
  const [unit, length] = STEPS.findLast(([, step]) => seconds >= step) ?? ["minute", 60];
  return relative.format(-Math.max(1, Math.round(seconds / length)), unit);
}

/** Date and time in full, for titles and tooltips. */
export function formatMoment(iso: string): string {
  return new Date(iso).toLocaleString("en", { dateStyle: "medium", timeStyle: "short" });
}
