import { eq } from "drizzle-orm";
import { privacy as privacySchema, type Me, type Privacy, type Profile } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import type { Tables } from "../platform/db/database.ts";

export type UserRow = Tables["users"]["$inferSelect"];

export const defaultPrivacy: Privacy = { read_receipts: true, last_seen: true, direct_messages: "everyone" };

/** The row of a user. Throws `USER_NOT_FOUND`. */
export async function userRow({ db }: Pick<Context, "db">, key: number): Promise<UserRow> {
  const { users } = db.tables;
  const [row] = await db.read.select().from(users).where(eq(users.key, key));
  if (!row) throw new AppError("USER_NOT_FOUND");
  return row;
}

export function storedPrivacy(row: Pick<UserRow, "privacy">): Privacy {
  return privacySchema.parse({ ...defaultPrivacy, ...JSON.parse(row.privacy) });
}

/** A person as anybody signed in may see them. */
export function wireProfile(row: UserRow): Profile {
  return {
    id: row.id,
    username: row.username,
    display_name: row.display_name,
    avatar_url: row.avatar_url,
    status: "offline",
    last_seen_at: null,
    bio: row.bio,
    status_text: row.status_text,
    gender: row.gender,
  };
}

/** A person as they see themselves. */
export function wireMe(row: UserRow): Me {
  return {
    ...wireProfile(row),
    email: row.email,
    email_verified: row.email_verified,
    role: row.role,
    privacy: storedPrivacy(row),
    created_at: wireTime(row.created_at),
    last_login_at: wireTimeOrNull(row.last_login_at),
  };
}

/** Oneself. */
export async function readMe(ctx: Pick<Context, "db">, actor: Pick<Actor, "key">): Promise<Me> {
  return wireMe(await userRow(ctx, actor.key));
}
