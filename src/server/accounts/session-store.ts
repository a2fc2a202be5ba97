import { and, count, desc, eq, gt, inArray, lt, ne } from "drizzle-orm";
import type { Context } from "../context.ts";
import type { Queries, Tables } from "../platform/db/database.ts";

/** The SQL of sessions, what ends them, and one-time tokens. What writes takes the transaction. */

export type SessionRow = Tables["sessions"]["$inferSelect"];

type Db = Pick<Context, "db">;

export async function insertSession({ db }: Db, tx: Queries, session: SessionRow): Promise<void> {
  await tx.insert(db.tables.sessions).values(session);
}

/** The person's sessions that have not run out, the one used last first. */
export async function listSessions(
  { db }: Db,
  userKey: number,
  { now, page, per_page }: { now: number; page: number; per_page: number },
): Promise<{ rows: SessionRow[]; total: number }> {
  const { sessions } = db.tables;
  const where = and(eq(sessions.user_key, userKey), gt(sessions.expires_at, now));
  const [found] = await db.read.select({ total: count() }).from(sessions).where(where);
  const rows = await db.read
    .select()
    .from(sessions)
    .where(where)
    .orderBy(desc(sessions.last_used_at), desc(sessions.id))
    .limit(per_page)
    .offset((page - 1) * per_page);
  return { rows, total: found?.total ?? 0 };
}

/** Moves a session from `generation` to the next; `undefined` when it is not at `generation`, or has run out. */
export async function rotateSession(
  { db }: Db,
  tx: Queries,
  { sessionId, generation }: { sessionId: string; generation: number },
  change: { now: number; expiresAtMs: number; ip: string },
): Promise<SessionRow | undefined> {
  const { sessions } = db.tables;
  const [row] = await tx
    .update(sessions)
    .set({
      generation: generation + 1,
      rotated_at: change.now,
      last_used_at: change.now,
      expires_at: change.expiresAtMs,
      ip: change.ip,
    })
    .where(and(eq(sessions.id, sessionId), eq(sessions.generation, generation), gt(sessions.expires_at, change.now)))
    .returning();
  return row;
}

export async function findSession(queries: Queries, { sessions }: Tables, id: string): Promise<SessionRow | undefined> {
  const [row] = await queries.select().from(sessions).where(eq(sessions.id, id));
  return row;
}

/** Ends sessions of a person; gives the ids of those that there were. */
export async function deleteSessions(
  { db }: Db,
  tx: Queries,
  userKey: number,
  which: { only?: string; except?: string },
): Promise<string[]> {
  const { sessions } = db.tables;
  const rows = await tx
    .delete(sessions)
    .where(
      and(
        eq(sessions.user_key, userKey),
        which.only === undefined ? undefined : eq(sessions.id, which.only),
        which.except === undefined ? undefined : ne(sessions.id, which.except),
      ),
    )
    .returning({ id: sessions.id });
  return rows.map((row) => row.id);
}

export async function touchSessions({ db }: Db, tx: Queries, used: ReadonlyMap<string, number>): Promise<void> {
  const { sessions } = db.tables;
  for (const [id, usedAtMs] of used) {
    await tx.update(sessions).set({ last_used_at: usedAtMs }).where(eq(sessions.id, id));
  }
}

/** Removes the person's links that were mailed and not used: of one kind, or all. */
export async function deleteMailedTokens(
  { db }: Db,
  tx: Queries,
  userKey: number,
  kind?: "reset_password" | "verify_email",
): Promise<void> {
  const tokens = db.tables.one_time_tokens;
  const kinds = kind === undefined ? (["reset_password", "verify_email"] as const) : [kind];
  await tx.delete(tokens).where(and(eq(tokens.user_key, userKey), inArray(tokens.kind, kinds)));
}

export async function deleteTokensOf({ db }: Db, tx: Queries, userKey: number): Promise<void> {
  const tokens = db.tables.one_time_tokens;
  await tx.delete(tokens).where(eq(tokens.user_key, userKey));
}

/** Those that end before `beforeMs`. */
export async function deleteSetupTokens({ db }: Db, tx: Queries, beforeMs = Infinity): Promise<void> {
  const tokens = db.tables.one_time_tokens;
  const isOlder = Number.isFinite(beforeMs) ? lt(tokens.expires_at, beforeMs) : undefined;
  await tx.delete(tokens).where(and(eq(tokens.kind, "setup"), isOlder));
}

/** Removes sessions and tokens that have run out, and revocations that every server has read. */
export async function purge({ db }: Db, tx: Queries, { now, keepMs }: { now: number; keepMs: number }): Promise<void> {
  const { sessions, one_time_tokens: tokens, revocations } = db.tables;
  await tx.delete(sessions).where(lt(sessions.expires_at, now));
  await tx.delete(tokens).where(lt(tokens.expires_at, now));
  await tx.delete(revocations).where(lt(revocations.created_at, now - keepMs));
}

/** Rows of one insert stay far below the parameters that a statement may have. */
const revocationsPerInsert = 200;

export async function insertRevocations(
  { db }: Db,
  tx: Queries,
  userId: string,
  sessionIds: readonly (string | null)[],
  now: number,
): Promise<void> {
  for (let i = 0; i < sessionIds.length; i += revocationsPerInsert) {
    await tx
      .insert(db.tables.revocations)
      .values(
        sessionIds
          .slice(i, i + revocationsPerInsert)
          .map((sessionId) => ({ user_id: userId, session_id: sessionId, created_at: now })),
      );
  }
}

export async function revocationsAfter({ db }: Db, key: number, limit: number) {
  const { revocations } = db.tables;
  return db.read.select().from(revocations).where(gt(revocations.key, key)).orderBy(revocations.key).limit(limit);
}

export async function lastRevocation({ db }: Db): Promise<number> {
  const { revocations } = db.tables;
  const [row] = await db.read
    .select({ key: revocations.key })
    .from(revocations)
    .orderBy(desc(revocations.key))
    .limit(1);
  return row?.key ?? 0;
}
