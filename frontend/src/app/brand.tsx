/** The product's name and mark, in one place. */

export const PRODUCT_NAME = "Collab";

/** Two carets in one document. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="var(--mantine-primary-color-filled)" />
      <path
        d="M11 8v16M8 8h6M8 24h6"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        fill="none"
      />
      <path
        d="M21 11v10M18.4 11h5.2M18.4 21h5.2"
        stroke="#ffc078"
        strokeWidth="2.6"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}
