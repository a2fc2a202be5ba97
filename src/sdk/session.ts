import type { Credentials } from "../protocol/models.ts";
import type { Clock } from "./clock.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Transport } from "./transport.ts";

/** Where the tokens live between two runs of a program. With `cookieAuth` nothing has to be kept. */
export interface TokenStore {
  load(): Credentials | null | Promise<Credentials | null>;
  save(credentials: Credentials): void | Promise<void>;
  clear(): void | Promise<void>;
}

/** Keeps the tokens for as long as the program runs. */
export function memoryTokens(): TokenStore {
  let kept: Credentials | null = null;
  return {
    load: () => kept,
    save: (credentials) => void (kept = credentials),
    clear: () => void (kept = null),
  };
}

interface SessionOptions {
  transport: Transport;
  clock: Clock;
  tokens?: TokenStore | undefined;
  /** The refresh token is an HttpOnly cookie that the browser keeps: no script ever sees it. */
  cookieAuth?: boolean | undefined;
}

/** A token that ends within this is not worth a request any more. */
const marginMs = 30_000;

/** One signed-in session: the access token, and how to get the next one. */
export class Session {
  /** Called when the server has ended the session, or after signing out. */
  onEnd: () => void = () => {};
  #credentials: Credentials | null = null;
  #refreshing: Promise<string> | null = null;
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #tokens: TokenStore;
  /** Headers of the requests that give or take the refresh token. */
  readonly cookieHeaders: Readonly<Record<string, string>>;
  readonly #cookieAuth: boolean;

  constructor({ transport, clock, tokens = memoryTokens(), cookieAuth = false }: SessionOptions) {
    this.#transport = transport;
    this.#clock = clock;
    this.#tokens = tokens;
    this.#cookieAuth = cookieAuth;
    this.cookieHeaders = cookieAuth ? { "Parley-Refresh": "cookie" } : {};
  }

  /** The access token, though it may have expired; `null` when nobody is signed in. */
  get accessToken(): string | null {
    return this.#credentials?.token ?? null;
  }

  /** When the access token ends, in milliseconds since 1970. */
  get expiresAtMs(): number | null {
    return this.#credentials ? Date.parse(this.#credentials.expires_at) : null;
  }

  async begin(credentials: Credentials): Promise<void> {
    this.#credentials = credentials;
    if (!this.#cookieAuth) await this.#tokens.save(credentials);
  }

  async end(): Promise<void> {
    const begun = this.#credentials !== null;
    this.#credentials = null;
    if (!this.#cookieAuth) await this.#tokens.clear();
    if (begun) this.onEnd();
  }

  /** Takes up the session of an earlier run or page load. False when there is none. Throws when the server is away. */
  async restore(): Promise<boolean> {
    if (!this.#cookieAuth) {
      this.#credentials = await this.#tokens.load();
      if (!this.#credentials) return false;
    }
    try {
      await this.freshToken();
      return true;
    } catch (error) {
      if (endsSession(error)) return false;
      throw error;
    }
  }

  /** An access token that is good for a while, refreshed when it must be. */
  async freshToken(): Promise<string> {
    const expiresAt = this.expiresAtMs;
    if (this.#credentials && expiresAt !== null && expiresAt - marginMs > this.#clock.now()) {
      return this.#credentials.token;
    }
    return this.refresh();
  }

  /**
   * Trades the refresh token for new tokens; callers at the same time share one trade, because each refresh token
   * works once. Ends the session when the server refuses it.
   */
  refresh(): Promise<string> {
    this.#refreshing ??= this.#trade().finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async #trade(): Promise<string> {
    const before = this.#credentials;
    const refreshToken = before?.refresh_token;
    try {
      const { data } = await this.#transport<Credentials>({
        method: "POST",
        path: "/auth/refresh",
        headers: refreshToken === undefined ? this.cookieHeaders : { Authorization: `Bearer ${refreshToken}` },
      });
      if (this.#credentials !== before) throw new ConnectionError("Somebody signed in or out meanwhile");
      await this.begin(data);
      return data.token;
    } catch (error) {
      if (endsSession(error) && this.#credentials === before) await this.end();
      throw error;
    }
  }
}

/** Whether the server said that this session is over, as opposed to busy or away. */
export function endsSession(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.is("ACCOUNT_DISABLED"));
}
