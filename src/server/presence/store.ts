import { and, inArray, isNull } from "drizzle-orm";
import { idPattern } from "../../protocol/text.ts";
import type { Context } from "../context.ts";
import { presentPerson, type PresentPerson } from "./person.ts";

type Db = Pick<Context, "db">;

/** The columns that presence needs. */
export function presenceColumns({ users }: Context["db"]["tables"]) {
  return {
    key: users.key,
    id: users.id,
    chosen_status: users.chosen_status,
    privacy: users.privacy,
    last_seen_at: users.last_seen_at,
  };
}

/** Those of these people who exist; at most a few hundred at a time. */
export async function personsById({ db }: Db, ids: readonly string[]): Promise<PresentPerson[]> {
  const { users } = db.tables;
  const wanted = [...new Set(ids)].filter((id) => idPattern.test(id));
  if (wanted.length === 0) return [];
  const rows = await db.read
    .select(presenceColumns(db.tables))
    .from(users)
    .where(and(inArray(users.id, wanted), isNull(users.deleted_at)));
  return rows.map(presentPerson);
}

/** {@link personsById} by key. */
export async function personsByKey({ db }: Db, keys: readonly number[]): Promise<PresentPerson[]> {
  const { users } = db.tables;
  const rows = await db.read
    .select(presenceColumns(db.tables))
    .from(users)
    .where(and(inArray(users.key, [...keys]), isNull(users.deleted_at)));
  return rows.map(presentPerson);
}
