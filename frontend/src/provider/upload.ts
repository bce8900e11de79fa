/** Sends an update that is too large for a frame over HTTP; resolves once it is committed. */
export type Upload = (update: Uint8Array) => Promise<void>;

export class UploadError extends Error {
  override name = "UploadError";
  readonly code: string;
  /** Trying again cannot help: too large, malformed, not allowed. */
  readonly isFinal: boolean;

  constructor(code: string, message: string, isFinal: boolean) {
    super(message);
    this.code = code;
    this.isFinal = isFinal;
  }
}
