import { and, eq } from "drizzle-orm";
import type { Context } from "../context.ts";

/** Somebody in more rooms than this is heard of in these. */
const roomsMax = 1_000;

/** The rooms, other than the lobby, that a person is in: whoever else is there knows them. */
export async function sharedRooms({ db }: Pick<Context, "db">, userId: string): Promise<string[]> {
  const { users, members, rooms } = db.tables;
  const rows = await db.read
    .select({ id: rooms.id })
    .from(users)
    .innerJoin(members, and(eq(members.user_key, users.key), eq(members.is_active, true)))
    .innerJoin(rooms, and(eq(rooms.key, members.room_key), eq(rooms.is_lobby, false)))
    .where(eq(users.id, userId))
    .limit(roomsMax);
  return rows.map(({ id }) => id);
}
