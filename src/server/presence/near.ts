import { and, eq, inArray, isNull, ne } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Context } from "../context.ts";
import { presentPerson, type PresentPerson } from "./person.ts";
import { presenceColumns } from "./store.ts";

/** Somebody of whom a person hears without asking: a friend, or in `roomId` their direct partner. */
export interface Near {
  readonly of: number;
  readonly person: PresentPerson;
  readonly roomId: string | null;
}

/** The friends and direct partners of these people. */
export async function nearTo({ db }: Pick<Context, "db">, userKeys: readonly number[]): Promise<Near[]> {
  const { users, friendships, members, rooms } = db.tables;
  const others = alias(members, "others");
  const friends = await db.read
    .select({ of: friendships.user_key, ...presenceColumns(db.tables) })
    .from(friendships)
    .innerJoin(users, and(eq(users.key, friendships.friend_key), isNull(users.deleted_at)))
    .where(inArray(friendships.user_key, [...userKeys]));
  const partners = await db.read
    .select({ of: members.user_key, roomId: rooms.id, ...presenceColumns(db.tables) })
    .from(members)
    .innerJoin(rooms, and(eq(rooms.key, members.room_key), eq(rooms.type, "direct"), isNull(rooms.deleted_at)))
    .innerJoin(others, and(eq(others.room_key, rooms.key), ne(others.user_key, members.user_key)))
    .innerJoin(users, and(eq(users.key, others.user_key), isNull(users.deleted_at)))
    .where(and(inArray(members.user_key, [...userKeys]), eq(members.is_active, true)));
  return [
    ...friends.map((row) => ({ of: row.of, person: presentPerson(row), roomId: null })),
    ...partners.map((row) => ({ of: row.of, person: presentPerson(row), roomId: row.roomId })),
  ];
}
