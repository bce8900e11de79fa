/** What the provider needs of the world around it. Tests hand in a clock and a socket of their own. */

/** The part of a browser's WebSocket that the provider uses. */
export interface Socket {
  /** 1 when open, as in the standard. */
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(frame: string): void;
  close(code?: number, reason?: string): void;
}

export type TimerId = unknown;

export interface Environment {
  /** Milliseconds; only differences are used. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  setTimer(callback: () => void, milliseconds: number): TimerId;
  clearTimer(timer: TimerId): void;
  openSocket(url: string, subprotocol: string): Socket;
  /** Calls back on signs that the network came or went, or that the person looks again. */
  watchNetwork(listener: (sign: "online" | "offline" | "visible") => void): () => void;
}

export const browserEnvironment: Environment = {
  now: () => performance.now(),
  random: () => Math.random(),
  setTimer: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  openSocket: (url, subprotocol) => new WebSocket(url, subprotocol) as unknown as Socket,
  watchNetwork(listener) {
    const online = () => listener("online");
    const offline = () => listener("offline");
    const visibility = () => {
      if (document.visibilityState === "visible") {
        listener("visible");
      }
    };
    window.addEventListener("online", online);
    window.addEventListener("offline", offline);
    document.addEventListener("visibilitychange", visibility);
    return () => {
      window.removeEventListener("online", online);
      window.removeEventListener("offline", offline);
      document.removeEventListener("visibilitychange", visibility);
    };
  },
};
