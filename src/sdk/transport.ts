import type { ErrorDetail } from "../protocol/errors.ts";
import type { Language } from "../protocol/languages.ts";
import { ApiError, ConnectionError } from "./errors.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface TransportOptions {
  /** Origin of the server, e.g. `https://chat.example`. */
  url: string;
  fetch?: Fetch | undefined;
  /** Language of error messages; a function when it may change. */
  language?: Language | (() => Language) | undefined;
}

export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below `/api/v1`, its parts already encoded. */
  path: string;
  query?: Readonly<Record<string, string | number | undefined>> | undefined;
  body?: unknown;
  headers?: Readonly<Record<string, string>> | undefined;
}

export interface Answer<Data, Meta = unknown> {
  data: Data;
  meta: Meta;
}

/** Sends one request and opens its envelope. Throws {@link ApiError} or {@link ConnectionError}. */
export type Transport = <Data, Meta = unknown>(request: Request) => Promise<Answer<Data, Meta>>;

/** A server that keeps a request longer than this is as good as away. */
const answerWithinMs = 30_000;

interface Envelope {
  success: boolean;
  data?: unknown;
  meta?: unknown;
  error?: { code: string; message: string; details?: ErrorDetail[]; request_id?: string };
}

export function createTransport({ url, fetch = globalThis.fetch, language }: TransportOptions): Transport {
  const base = `${url.replace(/\/+$/, "")}/api/v1`;
  return async <Data, Meta>({ method, path, query, body, headers }: Request) => {
    const wanted = typeof language === "function" ? language() : language;
    const response = await fetch(base + path + queryString(query), {
      method,
      headers: {
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        ...(wanted === undefined ? {} : { "Accept-Language": wanted }),
        ...headers,
      },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(answerWithinMs),
    }).catch((cause: unknown) => {
      throw new ConnectionError("The server cannot be reached", { cause });
    });
    return open<Data, Meta>(response);
  };
}

async function open<Data, Meta>(response: Response): Promise<Answer<Data, Meta>> {
  const text = await response.text().catch((cause: unknown) => {
    throw new ConnectionError("The answer broke off", { cause });
  });
  if (response.ok && text === "") return { data: undefined as Data, meta: undefined as Meta };
  const envelope = parseEnvelope(text);
  if (envelope?.success && response.ok) return { data: envelope.data as Data, meta: envelope.meta as Meta };
  if (!envelope?.error) throw new ConnectionError(`Status ${response.status} from something that is not the server`);
  const { code, message, details, request_id } = envelope.error;
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  throw new ApiError({
    status: response.status,
    code,
    message,
    details,
    requestId: request_id,
    retryAfterMs: Number.isFinite(retryAfter) ? retryAfter * 1000 : null,
  });
}

function parseEnvelope(text: string): Envelope | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === "object" && parsed !== null && "success" in parsed ? (parsed as Envelope) : null;
  } catch {
    return null; // a proxy's page, not ours: the caller says so
  }
}

function queryString(query: Request["query"]): string {
  if (!query) return "";
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) params.set(name, String(value));
  return params.size > 0 ? `?${params}` : "";
}
