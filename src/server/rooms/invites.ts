import { randomBytes } from "node:crypto";
import { limits } from "../../protocol/limits.ts";
import type { RoomInvite } from "../../protocol/models.ts";
import { links } from "../accounts/links.ts";
import { people } from "../accounts/people.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTimeOrNull } from "../platform/clock.ts";
import {
  addInvite,
  countInvites,
  deleteInvite,
  deleteSpentInvites,
  openInvites,
  type RoomInviteRow,
} from "./invite-store.ts";
import { activeMember, lockRoom } from "./locked.ts";
import { demandRight, visibleRoom } from "./policy.ts";

/** Of those who run the room: a link that lets people in. Codes cannot be guessed: 96 bits. */

interface CreateInviteInput {
  room_id: string;
  /** Absent: any number of times. */
  max_uses?: number | undefined;
  /** Absent: for ever. */
  expires_in_s?: number | undefined;
}

/** Makes a link. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `CONFLICT` (as many as a room may have). */
export async function createRoomInvite(ctx: Context, actor: Actor, input: CreateInviteInput): Promise<RoomInvite> {
  const entry = await visibleRoom(ctx, actor, input.room_id);
  const row = await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("invite", actor, room, mine?.role);
    await deleteSpentInvites(ctx, tx, room.key);
    if ((await countInvites(ctx, tx, room.key)) >= limits.invitesPerRoom) {
      const message = `has ${limits.invitesPerRoom} links already`;
      throw new AppError("CONFLICT", { details: [{ field: "room_id", message }] });
    }
    const now = ctx.clock.now();
    const made: RoomInviteRow = {
      code: randomBytes(12).toString("base64url"),
      room_key: room.key,
      created_by_key: actor.key,
      max_uses: input.max_uses ?? null,
      uses: 0,
      expires_at: input.expires_in_s === undefined ? null : now + input.expires_in_s * 1000,
      created_at: now,
    };
    await addInvite(ctx, tx, made);
    return made;
  });
  return wireInvite(ctx, row, actor.id);
}

/** The links that still work, the newest first. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`. */
export async function listRoomInvites(ctx: Context, actor: Actor, roomId: string): Promise<RoomInvite[]> {
  const entry = await visibleRoom(ctx, actor, roomId);
  const mine = await activeMember(ctx, ctx.db.read, entry.key, actor.key);
  demandRight("invite", actor, entry, mine?.role);
  const rows = await openInvites(ctx, entry.key, limits.invitesPerRoom);
  const makers = await people(ctx).byKeys(rows.map(({ created_by_key }) => created_by_key));
  return rows.map((row) => wireInvite(ctx, row, makers.get(row.created_by_key)?.id ?? null));
}

/** Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `INVITE_NOT_FOUND`. */
export async function revokeRoomInvite(
  ctx: Context,
  actor: Actor,
  { room_id, code }: { room_id: string; code: string },
): Promise<void> {
  const entry = await visibleRoom(ctx, actor, room_id);
  await ctx.db.write(async (tx) => {
    const { room, mine } = await lockRoom(ctx, tx, actor, entry);
    demandRight("invite", actor, room, mine?.role);
    if (!(await deleteInvite(ctx, tx, room.key, code))) throw new AppError("INVITE_NOT_FOUND");
  });
}

function wireInvite(ctx: Context, row: RoomInviteRow, createdBy: string | null): RoomInvite {
  const { code, max_uses, uses, expires_at } = row;
  const expires = wireTimeOrNull(expires_at);
  return { code, url: links(ctx).invite(code), created_by: createdBy, max_uses, uses, expires_at: expires };
}
