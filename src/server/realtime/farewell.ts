import { atMost } from "../platform/at-most.ts";
import type { Hub } from "./hub.ts";

/** Clients come back spread over this much for each of them, so that a restart is not followed by a wave. */
const spreadPerSocketMs = 2;
const spreadMinMs = 2_000;
const spreadMaxMs = 30_000;
const soonestMs = 500;

/**
 * Ends all sockets in order: nothing more is read from them, each is told when to come back, what was being stored is
 * stored and answered, for `finishMs` at most; then they are closed with 1012.
 */
export async function sayFarewell(hub: Hub, finishMs: number): Promise<void> {
  const sessions = [...hub.sessions];
  const spreadMs = Math.min(Math.max(sessions.length * spreadPerSocketMs, spreadMinMs), spreadMaxMs);
  for (const session of sessions) {
    session.inbox.close();
    hub.send(session, "server_shutdown", { reconnect_after_ms: Math.round(soonestMs + Math.random() * spreadMs) });
  }
  await atMost(finishMs, Promise.all(sessions.map(({ inbox }) => inbox.idle())));
  for (const session of hub.sessions) hub.closeAfterwards(session, 1012);
  await hub.egress.flushed();
}
