/** Addresses that a link or an image may have. */

const LINK_PROTOCOLS = new Set(["http:", "https:", "mailto:"]);

/**
 * The address that somebody meant, or `null` when it may not be linked to. Who leaves the scheme
 * out means a website, or an e-mail address where there is an @.
 */
export function normalizeLink(text: string): string | null {
  const trimmed = text.trim();
  if (trimmed === "" || /\s/.test(trimmed)) {
    return null;
  }
  const hasScheme = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+:\d+(\/|$)/.test(trimmed);
  const guess = hasScheme
    ? trimmed
    : /^[^@/]+@[^@/]+\.[^@/]+$/.test(trimmed)
      ? `mailto:${trimmed}`
      : `https://${trimmed}`;
  return isAllowedLink(guess) ? guess : null;
}

export function isAllowedLink(address: string): boolean {
  const url = parse(address);
  if (url === null || !LINK_PROTOCOLS.has(url.protocol)) {
    return false;
  }
  return url.protocol === "mailto:" ? url.pathname.includes("@") : isHost(url.hostname);
}

/** Images come over https alone; the page's Content-Security-Policy takes no others. */
export function normalizeImage(text: string): string | null {
  const url = parse(text.trim());
  return url !== null && url.protocol === "https:" && isHost(url.hostname) ? url.href : null;
}

function isHost(hostname: string): boolean {
  return hostname.includes(".") || hostname === "localhost" || hostname.startsWith("[");
}

function parse(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}
