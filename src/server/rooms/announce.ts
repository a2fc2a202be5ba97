import type { Message } from "../../protocol/models.ts";
import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import type { RoomEntry } from "./directory.ts";

/**
 * Brings everybody whom a change will name into memory. What is said of it after the commit is then made without
 * waiting for the database, so that no other event of the room slips in between.
 */
export async function knowPeople(
  ctx: Context,
  room: Pick<RoomEntry, "owner_key" | "created_by_key"> | undefined,
  ...keys: number[]
): Promise<void> {
  const named = [...keys, room?.owner_key, room?.created_by_key];
  await people(ctx).byKeys(named.filter((key) => typeof key === "number"));
}

export function publishLines(ctx: Context, lines: readonly Message[]): void {
  for (const line of lines) ctx.publish.toRoom("new_message", line);
}
