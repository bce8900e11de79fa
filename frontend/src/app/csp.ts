import { setNonce } from "get-nonce";

/**
 * The nonce of this page's Content-Security-Policy. Without it the browser refuses every style
 * element that a library adds; the server writes a new one into each page that it serves.
 */
export const styleNonce: string =
  document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

// For the scroll lock below dialogs, whose library asks nobody else.
setNonce(styleNonce);
