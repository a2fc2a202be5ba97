import { and, count, desc, eq, gt, max } from "drizzle-orm";
import { limits } from "../../protocol/limits.ts";
import type { Pin } from "../../protocol/models.ts";
import { people, userRef } from "../accounts/people.ts";
import type { Actor, Context, Viewer } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import type { Queries } from "../platform/db/database.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { activeMember } from "../rooms/locked.ts";
import { membership } from "../rooms/membership.ts";
import { demandRight, visibleRoom } from "../rooms/policy.ts";
import type { StoredMessage } from "../timeline/append.ts";
import { changeRoom } from "../timeline/change-room.ts";
import { forViewer, type Personal, personalOfOne } from "../timeline/for-viewer.ts";
import { quotedBy, type Quoted } from "../timeline/quotations.ts";
import { demandPeer } from "./direct-policy.ts";
import { demandPresent, lockMessage, seenMessage } from "./locked-message.ts";

/** A room's pins, and the rows of the messages among them. */
interface Pinned {
  pins: Pin[];
  rows: StoredMessage[];
  /** What these quote. */
  quoted: Quoted;
}

/** The pins of a room, the newest first. Throws `ROOM_NOT_FOUND`. */
export async function listPins(ctx: Context, viewer: Viewer, roomId: string): Promise<Pin[]> {
  const room = await visibleRoom(ctx, viewer, roomId);
  return (await pinsFor(ctx, viewer && (await personalOfOne(ctx, viewer.key)), room)).pins;
}

/** {@link listPins} as one person sees the messages; `null`: as everybody does from whom nothing is hidden. */
export async function pinsFor(
  ctx: Context,
  personal: Personal | null,
  room: { key: number; id: string },
): Promise<Pinned> {
  const { pins, messages } = ctx.db.tables;
  const found = await ctx.db.read
    .select({ pin: pins, message: messages })
    .from(pins)
    .innerJoin(messages, eq(messages.key, pins.message_key))
    // A conversation begins anew where one has emptied it.
    .where(and(eq(pins.room_key, room.key), gt(messages.seq, personal?.clearedIn(room.key) ?? 0)))
    .orderBy(desc(pins.created_at), desc(pins.message_key))
    .limit(limits.pinsPerRoom);
  const rows = found.map(({ message }) => message);
  const quoted = await quotedBy(ctx, rows);
  const wire = await forViewer(ctx, personal, room, rows, quoted);
  const persons = await people(ctx).byKeys(found.map(({ pin }) => pin.pinned_by_key));
  const list = found.flatMap(({ pin }, index): Pin[] => {
    const message = wire[index];
    const by = persons.get(pin.pinned_by_key);
    return message && by ? [{ ...message, pinned_by: userRef(by), pinned_at: wireTime(pin.created_at) }] : [];
  });
  return { pins: list, rows, quoted };
}

interface PinInput {
  room_id: string;
  message_id: string;
}

/**
 * Pins a message, for all to find; what is pinned already stays as it is. The owner, admins and moderators may, in a direct
 * room both people. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `MESSAGE_NOT_FOUND`, and `CONFLICT` for a message that is gone, a
 * system line, and the 51st.
 */
export async function pinMessage(ctx: Context, actor: Actor, input: PinInput): Promise<void> {
  await changePin(ctx, actor, input, true);
}

/** Takes a pin away, if it is there. Throws as {@link pinMessage}. */
export async function unpinMessage(ctx: Context, actor: Actor, input: PinInput): Promise<void> {
  await changePin(ctx, actor, input, false);
}

async function changePin(ctx: Context, actor: Actor, input: PinInput, isPinned: boolean): Promise<void> {
  const { pins, rooms } = ctx.db.tables;
  const room = await visibleRoom(ctx, actor, input.room_id);
  demandRight("pin", actor, room, (await membership(ctx, room, actor.key))?.role);
  await demandPeer(ctx, actor, room);
  const { message, room: place } = await seenMessage(ctx, actor, input.message_id);
  if (place.key !== room.key) throw new AppError("MESSAGE_NOT_FOUND");
  const person = await people(ctx).byId(actor.id);
  if (!person) throw new AppError("UNAUTHENTICATED");
  const change = await ctx.db.write(async (tx) => {
    const row = await lockMessage(ctx, tx, message);
    await demandStillRight(ctx, tx, actor, room);
    if (isPinned) demandPresent(row);
    const here = and(eq(pins.room_key, room.key), eq(pins.message_key, row.key));
    const [known] = await tx.select().from(pins).where(here);
    if ((known !== undefined) === isPinned) return undefined;
    let at = ctx.clock.now();
    if (isPinned) {
      const [held] = await tx
        .select({ total: count(), lastAt: max(pins.created_at) })
        .from(pins)
        .where(eq(pins.room_key, room.key));
      if ((held?.total ?? 0) >= limits.pinsPerRoom) throw new AppError("CONFLICT");
      // Times are the pins' order: no two are the same.
      at = Math.max(at, Number(held?.lastAt ?? 0) + 1);
      await tx
        .insert(pins)
        .values({ room_key: room.key, message_key: row.key, pinned_by_key: actor.key, created_at: at });
    } else await tx.delete(pins).where(here);
    const { rev } = await changeRoom(ctx, tx, room.key);
    await tx.update(rooms).set({ pins_rev: rev }).where(eq(rooms.key, room.key));
    return { rev, at, message_id: row.id };
  });
  if (!change) return;
  const { at, ...changed } = change;
  const told = { room_id: room.id, is_pinned: isPinned, by: userRef(person), at: wireTime(at) };
  ctx.publish.toRoom("pin_changed", { ...told, ...changed });
}

/** A role may have been taken away since the caches were asked. In the lobby nobody has one. */
async function demandStillRight(ctx: Context, tx: Queries, actor: Actor, room: RoomEntry): Promise<void> {
  const role = room.is_lobby ? "member" : (await activeMember(ctx, tx, room.key, actor.key))?.role;
  demandRight("pin", actor, room, role);
}
