import type * as Y from "yjs";
import type { Environment } from "./environment";
import type { Epoch } from "./messages";
import type { Upload } from "./upload";

export interface ProviderOptions {
  /** `ws://host/ws/documents/<uuid>/` */
  url: string;
  doc: Y.Doc;
  /** For whom no session cookie speaks. */
  token?: string | undefined;
  /** The incarnation of the document that `doc` already holds something of, when it does. */
  epoch?: Epoch | null;
  /** Changes that an earlier page made to the local copy and never saw saved. */
  unsavedChanges?: number;
  /** Sends an update that is too large for a frame; rejects with `UploadError`. */
  upload?: Upload;
  environment?: Environment;
  /** The server told which incarnation this is; keep it with the local copy. */
  onEpoch?: (epoch: Epoch) => void;
  /**
   * The copy holds something that the server does not have and will not take from us, and that we
   * did not write: throw the copy away and open the document again.
   */
  onStale?: () => void;
}
