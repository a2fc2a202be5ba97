import {
  privacy as privacySchema,
  type Me,
  type Privacy,
  type Profile,
  type User,
  type UserRef,
} from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import { findUser, type UserRow } from "./store.ts";

export const defaultPrivacy: Privacy = { read_receipts: true, last_seen: true, direct_messages: "everyone" };

export function storedPrivacy(row: Pick<UserRow, "privacy">): Privacy {
  return privacySchema.parse({ ...defaultPrivacy, ...JSON.parse(row.privacy) });
}

/** A person as they appear beside what they wrote. */
export function publicRef({ id, username, display_name, avatar_url }: UserRow): UserRef {
  return { id, username, display_name, avatar_url };
}

/** A person as lists show them. */
export function wireUser(row: UserRow): User {
  return { ...publicRef(row), status: "offline", last_seen_at: null };
}

/** A person as anybody signed in may see them. */
export function wireProfile(row: UserRow): Profile {
  return { ...wireUser(row), bio: row.bio, status_text: row.status_text, gender: row.gender };
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

/** Oneself. Throws `UNAUTHENTICATED` when the account was deleted meanwhile. */
export async function readMe(ctx: Pick<Context, "db">, actor: Pick<Actor, "key">): Promise<Me> {
  const row = await findUser.byKey(ctx, actor.key);
  if (!row) throw new AppError("UNAUTHENTICATED");
  return wireMe(row);
}
