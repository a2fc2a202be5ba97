import type { Profile, User } from "../../protocol/models.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { eyesOf } from "../presence/eyes.ts";
import { presentPerson } from "../presence/person.ts";
import { wireProfile, wireUser } from "./me.ts";
import { folded } from "./names.ts";
import { findUser, searchUsers } from "./store.ts";

/** A person's profile. Throws `USER_NOT_FOUND`, also for an account that was deleted. */
export async function readProfile(ctx: Context, actor: Actor, userId: string): Promise<Profile> {
  const row = await findUser.byId(ctx, userId);
  if (!row) throw new AppError("USER_NOT_FOUND");
  return wireProfile(row, (await eyesOf(ctx, actor)).see(presentPerson(row)));
}

/** People whose user name or display name begins with `q`, or whose whole address it is. */
export async function findPeople(
  ctx: Context,
  actor: Actor,
  { q, page, per_page }: { q: string; page: number; per_page: number },
): Promise<{ users: User[]; total: number }> {
  const text = folded(q).replace(/^@(?=.)/, "");
  const { rows, total } = await searchUsers(ctx, { text, page, per_page });
  const eyes = await eyesOf(ctx, actor);
  return { users: rows.map((row) => wireUser(row, eyes.see(presentPerson(row)))), total };
}

/** These people in this order, as the actor sees them; at most a page of them. */
export async function usersByKey(ctx: Context, actor: Actor, keys: readonly number[]): Promise<User[]> {
  const rows = new Map((await findUser.byKeys(ctx, keys)).map((row) => [row.key, row]));
  const eyes = await eyesOf(ctx, actor);
  return keys.flatMap((key) => {
    const row = rows.get(key);
    return row ? [wireUser(row, eyes.see(presentPerson(row)))] : [];
  });
}
