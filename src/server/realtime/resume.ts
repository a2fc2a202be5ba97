import type { EventPayload } from "../../protocol/events.ts";
import { heartbeat, limits } from "../../protocol/limits.ts";
import type { RoomChanges } from "../../protocol/models.ts";
import { actorOfSession } from "../accounts/access-token.ts";
import { readMe } from "../accounts/me.ts";
import { perContext, type CommandHandlers, type Context, type Viewer } from "../context.ts";
import { roomChanges } from "../messages/changes.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import { refusalOf } from "../platform/refusal.ts";
import { joinedRooms } from "../rooms/joined.ts";
import { frame } from "./frames.ts";
import { Gate } from "./gate.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

/** Snapshots read at once: ten thousand clients that come back together wait for their turn, not for each other. */
const gate = perContext(() => new Gate(16));

/** A batch of changes stays about below this, so that a slow peer can take it before more is sent. */
const batchChars = 256 * 1024;
const batchChangesMin = 20;

/**
 * From the upgrade to `ready`. The session is in the hub already, so a revocation finds it; one that came just before
 * is found here. Never rejects.
 */
export async function open(ctx: Context, hub: Hub, session: Session): Promise<void> {
  const { viewer } = session;
  hub.send(session, "connected", {
    user_id: viewer?.id ?? null,
    session_id: viewer?.sessionId ?? null,
    server_time: wireTime(ctx.clock.now()),
    epoch: ctx.epoch,
    heartbeat_s: heartbeat.pingEveryS,
  });
  try {
    await gate(ctx).run(() => makeReady(ctx, hub, session));
  } catch (error) {
    const { code } = refusalOf(error, ctx.log, { frame: "ready", socket: session.id });
    hub.closeAfterwards(session, code === "UNAUTHENTICATED" || code === "ACCOUNT_DISABLED" ? 4001 : 1011);
  }
}

async function makeReady(ctx: Context, hub: Hub, session: Session): Promise<void> {
  // A turn of the event loop for others between two snapshots.
  await new Promise((resolve) => setImmediate(resolve));
  if (!hub.sessions.has(session)) return;
  const { viewer } = session;
  if (viewer) await actorOfSession(ctx, viewer.id, viewer.sessionId);
  const held = hub.recent.hold();
  try {
    const ready = await snapshot(ctx, viewer);
    hub.egress.inTurn(() => {
      const revs = new Map(ready.rooms.map(({ id, rev }) => [id, rev]));
      try {
        hub.enter(session, revs, frame("ready", ready, ctx.clock.now()), held.from);
      } finally {
        held.release();
      }
      hub.becomeReady(session);
    });
  } catch (error) {
    held.release();
    throw error;
  }
}

async function snapshot(ctx: Context, viewer: Viewer): Promise<EventPayload<"ready">> {
  return {
    user: viewer && (await readMe(ctx, viewer)),
    rooms: viewer ? await joinedRooms(ctx, viewer) : [],
    friends: [],
    friend_requests: [],
    blocks: [],
    presence: [],
    unread_notifications: 0,
  };
}

/** What changed in each room since the `rev` that the client has, one batch a room; `sync_reset` for another history. */
export const sync: CommandHandlers["sync"] = async (ctx, peer, { epoch, rooms }) => {
  if (epoch !== ctx.epoch) {
    peer.send("sync_reset", { epoch: ctx.epoch });
    return {};
  }
  for (const { room_id, rev } of rooms) {
    try {
      peer.send("sync_batch", await changesThatFit(ctx, peer.viewer, room_id, rev));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "ROOM_NOT_FOUND") throw error;
      peer.send("room_removed", { room_id, reason: "left" });
    }
    await peer.drained();
  }
  return {};
};

async function changesThatFit(ctx: Context, viewer: Viewer, roomId: string, rev: number): Promise<RoomChanges> {
  const all = await roomChanges(ctx, viewer, roomId, rev, limits.changesPerRoom);
  const chars = all.messages.reduce((sum, message) => sum + ("content" in message ? message.content.length : 0), 0);
  if (chars <= batchChars) return all;
  const fitting = Math.max(batchChangesMin, Math.floor((all.messages.length * batchChars) / chars));
  return roomChanges(ctx, viewer, roomId, rev, fitting);
}
