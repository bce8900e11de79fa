/** Requests to the REST API, and its failures as one kind of error. */

const API = "/api/v1";

/** A failure as the API tells it (problem details, RFC 9457), or the network's own. */
export class ApiError extends Error {
  override name = "ApiError";
  /** The HTTP status; 0 when no answer came. */
  readonly status: number;
  /** What was wrong with which field. */
  readonly fields: Readonly<Record<string, string[]>>;

  constructor(status: number, message: string, fields: Record<string, string[]> = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

interface RequestOptions {
  method?: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  json?: unknown;
  bytes?: Uint8Array;
  signal?: AbortSignal | undefined;
  accept?: string;
}

/** The address of a path below the API, for links and downloads. */
export function apiUrl(path: string): string {
  return `${API}${path}`;
}

/** Sends a request to `path` below the API; resolves with the JSON that it answers. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** The text of a file below the API. */
export async function requestText(path: string, signal?: AbortSignal): Promise<string> {
  const response = await send(path, { signal, accept: "*/*" });
  return await response.text();
}

async function send(path: string, options: RequestOptions): Promise<Response> {
  const { method = "GET", json, bytes, signal, accept = "application/json" } = options;
  const headers: Record<string, string> = { Accept: accept };
  if (method !== "GET") {
    headers["X-CSRFToken"] = readCookie("csrftoken");
  }
  let body: BodyInit | null = null;
  if (json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(json);
  } else if (bytes !== undefined) {
    headers["Content-Type"] = "application/octet-stream";
    body = bytes as Uint8Array<ArrayBuffer>;
  }
  let response: Response;
  try {
    response = await fetch(apiUrl(path), {
      method,
      headers,
      body,
      credentials: "same-origin",
      signal: signal ?? null,
    });
  } catch (error) {
    if (signal?.aborted) {
      throw error;
    }
    throw new ApiError(0, "The server cannot be reached. Check your connection and try again.");
  }
  if (!response.ok) {
    throw await readProblem(response);
  }
  return response;
}

/** `next` of a list is a whole URL; behind a proxy only its path and query can be trusted. */
export function pathOfNext(next: string): string {
  const { pathname, search } = new URL(next, window.location.origin);
  return `${pathname.slice(API.length)}${search}`;
}

async function readProblem(response: Response): Promise<ApiError> {
  let problem: { detail?: unknown; title?: unknown; errors?: unknown } = {};
  try {
    problem = await response.json();
  } catch {
    // A proxy's own error page; the status says what there is to say.
  }
  const fields = isFieldErrors(problem.errors) ? problem.errors : {};
  const detail = problem.detail ?? problem.title;
  const message =
    fields.request?.join(" ") ??
    (typeof detail === "string" ? detail : `The server answered with status ${response.status}.`);
  return new ApiError(response.status, message, fields);
}

function isFieldErrors(value: unknown): value is Record<string, string[]> {
  return typeof value === "object" && value !== null && Object.values(value).every(Array.isArray);
}

function readCookie(name: string): string {
  const prefix = `${name}=`;
  const cookie = document.cookie.split("; ").find((part) => part.startsWith(prefix));
  return cookie === undefined ? "" : decodeURIComponent(cookie.slice(prefix.length));
}
