import { limits } from "../../protocol/limits.ts";
import type { Context } from "../context.ts";
import { depart } from "./arrival.ts";
import { dispatch, refuseUnread, shedSend } from "./dispatch.ts";
import type { Hub } from "./hub.ts";
import type { Received } from "./inbox.ts";
import type { Opening } from "./opening.ts";
import { Session, type SignIn } from "./session.ts";

/** What the upgrade hands to the socket; from its opening on its session. */
export type SocketData = SignIn | Session;

/**
 * Beyond this the platform itself drops the connection (1006). The hub closes those who take nothing long before (4008);
 * but a `ready` of a thousand rooms, and what is said meanwhile, must find room for a peer on a slow line.
 */
const backpressureBytes = 4 * 1024 * 1024;

/** A frame of the client has come. */
export function receive(ctx: Context, hub: Hub, session: Session, text: string): void {
  const second = hub.heard(session);
  if (session.closeCode !== undefined) return;
  const { enabled } = ctx.limits;
  const { messagesPerSecond } = ctx.config;
  const mayReceive = !enabled || messagesPerSecond === 0 || session.mayReceive(second, messagesPerSecond);
  if (mayReceive && session.isReady && shedSend(ctx, hub, session, text)) return;
  if (mayReceive && session.inbox.push({ text, atMs: performance.now() })) return;
  if (enabled) hub.closeAfterwards(session, 4029);
  else refuseUnread(ctx, hub, session, text, "UNAVAILABLE");
}

/** The sockets of `Bun.serve`. Nothing that happens in here may throw: Bun would end the process. */
export function socketHandlers(ctx: Context, hub: Hub, opening: Opening): Bun.WebSocketHandler<SocketData> {
  const answer = (session: Session, received: Received) => dispatch(ctx, hub, session, received);
  const guarded = (ws: Bun.ServerWebSocket<SocketData>, work: (session: Session) => void) => {
    const session = ws.data;
    if (!(session instanceof Session)) return;
    try {
      work(session);
    } catch (error) {
      ctx.log.error("a socket's event failed", { socket: session.id, error });
    }
  };
  return {
    maxPayloadLength: limits.clientFrameBytes,
    backpressureLimit: backpressureBytes,
    closeOnBackpressureLimit: true,
    // The wheel of the hub sees to silent peers, and clients ping by themselves.
    idleTimeout: 0,
    sendPings: false,
    perMessageDeflate: false,
    open(ws) {
      if (ws.data instanceof Session) return;
      ws.data = new Session(ws, ws.data, hub.inboxes, answer);
      guarded(ws, (session) => {
        hub.add(session);
        opening.take(session);
      });
    },
    message(ws, data) {
      // A binary frame is no JSON.
      guarded(ws, (session) => receive(ctx, hub, session, typeof data === "string" ? data : ""));
    },
    ping: (ws) => guarded(ws, (session) => hub.heard(session)),
    pong: (ws) => guarded(ws, (session) => hub.heard(session)),
    drain: (ws) => guarded(ws, (session) => session.drained()),
    close(ws, code, reason) {
      guarded(ws, (session) => {
        hub.remove(session, /too big/i.test(reason) ? 1009 : code);
        depart(ctx, session);
      });
    },
  };
}
