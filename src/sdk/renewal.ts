import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Session } from "./session.ts";

interface RenewalOptions {
  session: Pick<Session, "expiresAtMs" | "refresh">;
  connection: Pick<Connection, "request">;
  clock: Clock;
}

/** How long before its end an access token is renewed; short-lived ones at four fifths of what is left. */
const beforeEndMs = 60_000;

/**
 * Gives an open socket a fresh access token before the one that it was opened with ends. The returned function stops that.
 * A renewal that fails needs nothing more: the server closes with 4002, and coming back asks for a token again.
 */
export function keepAuthenticated({ session, connection, clock }: RenewalOptions): () => void {
  let cancel = () => {};
  const schedule = () => {
    if (session.expiresAtMs === null) return;
    const left = session.expiresAtMs - clock.now();
    cancel = clock.after(Math.max(left * 0.8, left - beforeEndMs), () => void renew());
  };
  const renew = async () => {
    let stopped = false;
    cancel = () => (stopped = true);
    try {
      const token = await session.refresh();
      if (stopped) return;
      await connection.request("authenticate", { token });
      if (!stopped) schedule();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
    }
  };
  schedule();
  return () => cancel();
}
