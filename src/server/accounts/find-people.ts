import type { Profile, User } from "../../protocol/models.ts";
import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireProfile, wireUser } from "./me.ts";
import { folded } from "./names.ts";
import { findUser, searchUsers } from "./store.ts";

/** A person's profile. Throws `USER_NOT_FOUND`, also for an account that was deleted. */
export async function readProfile(ctx: Pick<Context, "db">, userId: string): Promise<Profile> {
  const row = await findUser.byId(ctx, userId);
  if (!row) throw new AppError("USER_NOT_FOUND");
  return wireProfile(row);
}

/** People whose user name or display name begins with `q`, or whose whole address it is. */
export async function findPeople(
  ctx: Pick<Context, "db">,
  { q, page, per_page }: { q: string; page: number; per_page: number },
): Promise<{ users: User[]; total: number }> {
  const text = folded(q).replace(/^@(?=.)/, "");
  const { rows, total } = await searchUsers(ctx, { text, page, per_page });
  return { users: rows.map(wireUser), total };
}
