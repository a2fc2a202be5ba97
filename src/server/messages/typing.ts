import { limits } from "../../protocol/limits.ts";
import { people } from "../accounts/people.ts";
import { perContext, type Actor, type Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { roomWithNumbers, type RoomEntry } from "../rooms/directory.ts";
import { memberRoom } from "../rooms/policy.ts";
import { demandVoice } from "./policy.ts";

interface TypingInput {
  room_id: string;
  is_typing: boolean;
}

/** That somebody is typing is passed on at most this often; whoever heard of it forgets it after 5 s. */
const repeatMs = 2_000;
const forgottenMs = 5_000;
const rememberedMax = 20_000;

interface Typing {
  /** When it was passed on last. */
  toldAt: number;
  isTyping: boolean;
}

const typings = perContext(() => new RecentMap<string, Typing>(rememberedMax));

/**
 * Tells the others in the room that the actor is typing, or has stopped. A message ends its sender's typing by itself, and
 * who says nothing more is forgotten: so nothing is told when a socket goes. Throws `ROOM_NOT_FOUND`, `FORBIDDEN`, `MUTED`.
 */
export async function setTyping(ctx: Context, actor: Actor, { room_id, is_typing }: TypingInput): Promise<void> {
  const { room, membership } = await memberRoom(ctx, actor, room_id);
  demandVoice(ctx, membership);
  if (await isTooBig(ctx, room)) return;
  const person = await people(ctx).byId(actor.id);
  if (!person) throw new AppError("UNAUTHENTICATED");
  if (!isNews(ctx, `${room.key} ${actor.key}`, is_typing)) return;
  const { id, display_name } = person;
  ctx.publish.toRoomNow(actor.id, "user_typing", { room_id: room.id, user: { id, display_name }, is_typing });
}

/** Typing is passed on at intervals, its end only where the others may still believe in it. */
function isNews(ctx: Context, name: string, isTyping: boolean): boolean {
  const now = ctx.clock.now();
  const before = typings(ctx).get(name);
  if (!isTyping) {
    if (!before?.isTyping) return false;
    before.isTyping = false;
    return now - before.toldAt < forgottenMs;
  }
  if (before && now - before.toldAt < repeatMs) return false;
  typings(ctx).set(name, { toldAt: now, isTyping });
  return true;
}

/** In rooms above so many members it would be told to everybody by everybody. */
async function isTooBig(ctx: Context, room: RoomEntry): Promise<boolean> {
  if (room.is_lobby) return true;
  if (room.max_members !== null && room.max_members <= limits.broadcastMembers) return false;
  return (await roomWithNumbers(ctx, room.key)).member_count > limits.broadcastMembers;
}
