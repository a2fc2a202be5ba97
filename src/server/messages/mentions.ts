import { limits } from "../../protocol/limits.ts";
import { everybody, mentionSites } from "../../protocol/mentions.ts";
import type { Actor, Context } from "../context.ts";
import type { RoomEntry } from "../rooms/directory.ts";
import { membersNamed } from "../rooms/members-named.ts";
import type { Membership } from "../rooms/membership.ts";
import { mayModerate } from "../rooms/policy.ts";
import { mentionsOf, storedMentions } from "../timeline/mentioned.ts";

/** Texts that are looked up for one message: two to four milliseconds at the most. */
const namesPerMessage = 1_000;

interface Place {
  room: RoomEntry;
  membership: Membership;
}

/** Whether a text may name anybody: most do not, and cost no more than this. */
export function mayMention(content: string): boolean {
  return content.includes("@");
}

/**
 * Whom a text names, as it is stored: after each `@` outside of code the longest name of a member (CONTRACT, Mentions), at
 * most `limits.mentionsPerMessage` people; everybody by those who run the room.
 */
export async function findMentions(
  ctx: Context,
  actor: Actor,
  { room, membership }: Place,
  content: string,
): Promise<string | null> {
  const mayAll = room.type !== "direct" && mayModerate(actor, membership.role);
  return storedMentions(await namedIn(ctx, room, content, mayAll));
}

/**
 * {@link findMentions} after an edit, and who was not named before. An edit never calls everybody; a message that did may
 * go on doing so.
 */
export async function findEditedMentions(
  ctx: Context,
  room: RoomEntry,
  content: string,
  before: string | null,
): Promise<{ mentions: string | null; added: string[] }> {
  const named = mentionsOf({ mentions: before });
  const now = mayMention(content) ? await namedIn(ctx, room, content, named.includes(everybody)) : [];
  return { mentions: storedMentions(now), added: now.filter((id) => !named.includes(id)) };
}

async function namedIn(ctx: Context, room: RoomEntry, content: string, mayAll: boolean): Promise<string[]> {
  const sites = mentionSites(content, namesPerMessage);
  if (sites.length === 0) return [];
  const isAll = (name: string) => name.toLowerCase() === everybody;
  const ids = await membersNamed(
    ctx,
    room,
    sites.flatMap(({ names }) => names.filter((name) => !isAll(name))),
  );
  const found = new Set<string>();
  for (const { names } of sites) {
    const name = names.find((each) => ids.has(each) || (mayAll && isAll(each)));
    if (name !== undefined) found.add(ids.get(name) ?? everybody);
    if (found.size === limits.mentionsPerMessage) break;
  }
  return [...found];
}
