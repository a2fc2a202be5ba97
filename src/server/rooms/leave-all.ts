import type { Context } from "../context.ts";
import { announceClosure, announceDeparture, close, depart } from "./leaving.ts";
import { activeMember } from "./locked.ts";
import { ownsRoom } from "./policy.ts";
import { membersWithoutAccount, roomByKey, roomKeysOf, successor } from "./store.ts";
import { announceHandover, handOver } from "./transfer.ts";

/** Takes an account that is gone out of all its rooms. Harmless when done again. */
export async function leaveAllRooms(ctx: Context, userKey: number): Promise<void> {
  for (const roomKey of await roomKeysOf(ctx, userKey)) await leaveWithoutAsking(ctx, roomKey, userKey);
}

/** {@link leaveAllRooms}, for those of whom a crash kept us from doing it. */
export async function leaveForDeletedAccounts(ctx: Context): Promise<void> {
  for (const userKey of await membersWithoutAccount(ctx)) await leaveAllRooms(ctx, userKey);
}

/** Nobody is left to hand the room over: the admin, else the member, who has been there longest is its next owner. */
async function leaveWithoutAsking(ctx: Context, roomKey: number, userKey: number): Promise<void> {
  const { handover, closure, departure } = await ctx.db.write(async (tx) => {
    await ctx.db.lockRooms(tx, [roomKey]);
    const room = await roomByKey(ctx, tx, roomKey);
    const mine = await activeMember(ctx, tx, roomKey, userKey);
    if (!room || !mine) return {};
    const next = ownsRoom(mine.role) ? await successor(ctx, tx, roomKey, userKey) : undefined;
    if (ownsRoom(mine.role) && !next) return { closure: await close(ctx, tx, room) };
    const handover = next && (await handOver(ctx, tx, room, mine, next));
    const line = { kind: "member_left" as const, actorKey: userKey };
    return { handover, departure: await depart(ctx, tx, handover?.room ?? room, mine, line) };
  });
  if (handover) await announceHandover(ctx, handover);
  if (departure) await announceDeparture(ctx, departure, "left");
  if (closure) await announceClosure(ctx, closure);
}
