import type { Log } from "../../../log.ts";
import type { Metrics } from "../../../metrics.ts";
import { isConnectionLost, isContention, isOutOfService } from "../../errors.ts";

/** How long a request may take. The server itself lets a writer wait 5 s for one who is gone. */
const requestMs = 6_000;
/** How long what bears repeating is tried, from the moment on at which the server was lost. */
export const patienceMs = 5_000;
/** What a request has left when the process is to end. */
const hurryMs = 2_000;
/** While the server is away, one request in this time finds out; the others are refused at once. */
const probeEveryMs = 250;
/** So long everybody may try. */
const graceMs = 1_000;

/** `CONNECT_FAILED`: it was not asked. `CONNECTION_LOST`: perhaps it has done what it was asked. */
type LinkFailure = "CONNECT_FAILED" | "CONNECTION_LOST" | "CONNECT_REFUSED" | "STREAM_LOST";

/** The server could not be asked, or not now. `code` is one of those that `platform/db/errors` knows. */
export class LinkError extends Error {
  constructor(
    message: string,
    readonly code: LinkFailure,
  ) {
    super(message);
    this.name = "LinkError";
  }
}

/** Whether the error, or what caused it, is a {@link LinkError}: drivers hide it under their own. */
export function isLinkError(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    if (at instanceof LinkError) return true;
  }
  return false;
}

interface LinkOptions {
  /** What the log calls the server: its address without any secret. */
  host: string;
  /** Absent: whoever asks tells by itself what came of it. */
  log?: Log;
  metrics?: Pick<Metrics, "databaseRequests"> | undefined;
  /** For what is known to take longer than a request may. */
  timeoutMs?: number;
}

/** The way to a libSQL server: every request has its time, and a server that is away is told once and not asked by all. */
export class Link {
  readonly #options: LinkOptions;
  readonly #underWay = new Set<AbortController>();
  #isHurried = false;
  #isClosed = false;
  #away: { sinceMs: number; triedMs: number } | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** `fetch` for the driver. Throws {@link LinkError} where no answer of the database came. */
  readonly fetch = async (request: Request): Promise<Response> => {
    const nowMs = performance.now();
    if (this.#away) {
      const { sinceMs, triedMs } = this.#away;
      const isTurn = nowMs - triedMs >= probeEveryMs && !this.#isHurried;
      if (nowMs - sinceMs > graceMs && !isTurn) throw this.#lost("it does not answer", "CONNECT_FAILED");
      this.#away.triedMs = nowMs;
    }
    const { status, headers, body } = await this.#ask(request);
    const said = () => new TextDecoder().decode(body).replaceAll(/\s+/g, " ").trim().slice(0, 200);
    if (status === 401 || status === 403) throw this.#missed("it refuses DATABASE_AUTH_TOKEN", "CONNECT_REFUSED");
    // 413 and 400 speak of the request, all else of the server.
    if (status >= 400 && status !== 400 && status !== 413) throw this.#missed(`it answers HTTP ${status}: ${said()}`);
    this.#found();
    // The server was started anew, and knows nothing of the transaction that this request belongs to.
    if (status === 400 && /\bbaton\b/i.test(said())) {
      throw new LinkError("the database does not know the transaction any more", "STREAM_LOST");
    }
    return new Response(body, { status, headers: { "Content-Type": headers.get("Content-Type") ?? "" } });
  };

  /**
   * Runs what bears being run twice until it goes through. Gives up when it cannot be the other's fault, and when the
   * server has been away for `forMs`, whoever noticed.
   */
  async patiently<T>(work: () => Promise<T>, forMs = patienceMs): Promise<T> {
    const startedMs = performance.now();
    let lost: unknown;
    for (let delayMs = 0; ; delayMs = Math.min(delayMs * 2 + 10, 500)) {
      try {
        return await work();
      } catch (error) {
        if (!isOutOfService(error) && !isContention(error)) throw error;
        // What one try may have done, the others have not undone.
        if (isConnectionLost(error)) lost ??= error;
        const sinceMs = Math.min(startedMs, this.#away?.sinceMs ?? startedMs);
        const patience = this.#isHurried ? Math.min(forMs, hurryMs) : forMs;
        if (performance.now() + delayMs - sinceMs > patience) throw lost ?? error;
        await Bun.sleep(delayMs);
      }
    }
  }

  /** The process is to end: what is under way has little time, and nobody waits for who is away. */
  hurry(): void {
    this.#isHurried = true;
    const late = [...this.#underWay];
    setTimeout(() => late.forEach(tooLate), hurryMs).unref();
  }

  /** Nobody waits for an answer any more. */
  close(): void {
    this.#isHurried = true;
    this.#isClosed = true;
    this.#underWay.forEach(tooLate);
  }

  async #ask(request: Request) {
    const abort = new AbortController();
    this.#underWay.add(abort);
    const timer = setTimeout(() => tooLate(abort), this.#isHurried ? hurryMs : (this.#options.timeoutMs ?? requestMs));
    const measured = this.#options.metrics?.databaseRequests.startTimer();
    try {
      const response = await fetch(request, { signal: abort.signal });
      // All of it here, so that a connection that is cut half way is told from an answer that makes no sense.
      const body = await response.arrayBuffer();
      measured?.({ outcome: "answered" });
      return { status: response.status, headers: response.headers, body };
    } catch (error) {
      measured?.({ outcome: "lost" });
      const { reason, wasSent } = failureOf(error);
      throw this.#missed(reason, wasSent ? "CONNECTION_LOST" : "CONNECT_FAILED");
    } finally {
      clearTimeout(timer);
      this.#underWay.delete(abort);
    }
  }

  /** An answer did not come. */
  #missed(reason: string, code: LinkFailure = "CONNECTION_LOST"): LinkError {
    const { log, host } = this.#options;
    const nowMs = performance.now();
    if (!this.#away && !this.#isClosed) log?.error("the database cannot be reached", { host, reason });
    this.#away ??= { sinceMs: nowMs, triedMs: nowMs };
    return this.#lost(reason, code);
  }

  #lost(reason: string, code: LinkFailure = "CONNECTION_LOST"): LinkError {
    return new LinkError(`the database at ${this.#options.host} cannot be reached: ${reason}`, code);
  }

  #found(): void {
    if (!this.#away) return;
    const { log, host } = this.#options;
    log?.info("the database answers again", { host, awayMs: Math.round(performance.now() - this.#away.sinceMs) });
    this.#away = undefined;
  }
}

function tooLate(request: AbortController): void {
  request.abort(new Error("it did not answer in time"));
}

/** In plain words, what keeps a request from being sent at all. */
const notSent: Record<string, string> = {
  ECONNREFUSED: "it refused the connection",
  ConnectionRefused: "it refused the connection",
  FailedToOpenSocket: "it cannot be connected",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up",
  ENETUNREACH: "its network cannot be reached",
  EHOSTUNREACH: "its machine cannot be reached",
};

function failureOf(error: unknown): { reason: string; wasSent: boolean } {
  if (!(error instanceof Error)) return { reason: String(error), wasSent: true };
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const reason = notSent[code];
  return reason === undefined ? { reason: code || error.message, wasSent: true } : { reason, wasSent: false };
}
