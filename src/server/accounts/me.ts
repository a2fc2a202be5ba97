import {
  privacy as privacySchema,
  type Me,
  type Privacy,
  type Profile,
  type Seen,
  type User,
  type UserRef,
} from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { wireTime, wireTimeOrNull } from "../platform/clock.ts";
import { presentPerson, type PresentPerson } from "../presence/person.ts";
import { findUser, type UserRow } from "./store.ts";

export const defaultPrivacy: Privacy = { read_receipts: true, last_seen: true, direct_messages: "everyone" };

/** Three choices make few texts: each is read once. */
const privacies = new RecentMap<string, Privacy>(64);

export function storedPrivacy({ privacy: text }: Pick<UserRow, "privacy">): Privacy {
  const known = privacies.get(text);
  if (known) return known;
  const privacy = privacySchema.parse({ ...defaultPrivacy, ...JSON.parse(text) });
  privacies.set(text, privacy);
  return privacy;
}

/** A person as they appear beside what they wrote. */
export function publicRef({ id, username, display_name, avatar_url }: UserRow): UserRef {
  return { id, username, display_name, avatar_url };
}

/** A person as lists show them, to one who sees them like this. */
export function wireUser(row: UserRow, seen: Seen): User {
  return { ...publicRef(row), ...seen };
}

/** A person as anybody signed in may see them. */
export function wireProfile(row: UserRow, seen: Seen): Profile {
  return { ...wireUser(row, seen), bio: row.bio, status_text: row.status_text, gender: row.gender };
}

/** A person as they see themselves: as what they have chosen to be seen. */
export function wireMe(row: UserRow): Me {
  return {
    ...wireProfile(row, { status: row.chosen_status, last_seen_at: null }),
    email: row.email,
    email_verified: row.email_verified,
    role: row.role,
    privacy: storedPrivacy(row),
    created_at: wireTime(row.created_at),
    last_login_at: wireTimeOrNull(row.last_login_at),
  };
}

/** Somebody whose socket opens. */
export interface Arriving {
  me: Me;
  present: PresentPerson;
}

/** Those of these people who were not deleted, by key. */
export async function readEach(ctx: Pick<Context, "db">, keys: readonly number[]): Promise<Map<number, Arriving>> {
  const rows = await findUser.byKeys(ctx, keys);
  return new Map(rows.map((row) => [row.key, { me: wireMe(row), present: presentPerson(row) }]));
}

/** Oneself. Throws `UNAUTHENTICATED` when the account was deleted meanwhile. */
export async function readMe(ctx: Pick<Context, "db">, actor: Pick<Actor, "key">): Promise<Me> {
  const row = await findUser.byKey(ctx, actor.key);
  if (!row) throw new AppError("UNAUTHENTICATED");
  return wireMe(row);
}
