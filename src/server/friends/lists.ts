import type { FriendRequest, RequestDirection, User, UserRef } from "../../protocol/models.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Actor, Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { wireTime } from "../platform/clock.ts";
import { type Eyes, eyesOf } from "../presence/eyes.ts";
import { presentPerson, type PresentPerson } from "../presence/person.ts";
import {
  blockedBy,
  blocksPage,
  friendsAndRequestsOf,
  friendsPage,
  listedPerson,
  relatedAmong,
  requestsPage,
  type ListedPerson,
  type ListedRequest,
} from "./list-store.ts";

interface Page {
  page: number;
  per_page: number;
}

function refOf({ id, username, display_name, avatar_url }: ListedPerson): UserRef {
  return { id, username, display_name, avatar_url };
}

/** A person as lists show them to who looks. */
export function wirePerson(row: ListedPerson, eyes: Eyes): User {
  return { ...refOf(row), ...eyes.see(presentPerson(row)) };
}

/** A request as one of the two has it, who sees the other with these eyes. */
export function wireRequest({ request, other }: ListedRequest, viewerKey: number, eyes: Eyes): FriendRequest {
  return {
    id: request.id,
    user: wirePerson(other, eyes),
    direction: request.from_key === viewerKey ? "outgoing" : "incoming",
    message: request.message,
    created_at: wireTime(request.created_at),
  };
}

/** What `ready` tells of a person's relations. */
export interface Relations {
  friends: User[];
  friend_requests: FriendRequest[];
  blocks: UserRef[];
}

/** The same, and the friends themselves: how they are may change until it is told. */
interface Known {
  relations: Relations;
  friends: PresentPerson[];
}

const none = { friends: [], requests: [] };

/** The relations of each of these people who has any, by few queries however many they are. */
export async function relationsOf(ctx: Context, userKeys: readonly number[]): Promise<Map<number, Known>> {
  const blocks = await blocksOf(ctx, userKeys);
  const blocking = userKeys.filter((key) => blocks.get(key)?.blocked.size);
  const related = await relatedAmong(ctx, userKeys);
  const { friends, requests } = related.length > 0 ? await friendsAndRequestsOf(ctx, related) : none;
  const blocked = blocking.length > 0 ? await blockedBy(ctx, blocking) : [];
  const friendsOf = Map.groupBy(friends, ({ userKey }) => userKey);
  const requestsOf = Map.groupBy(requests, ({ userKey }) => userKey);
  const blockedOf = Map.groupBy(blocked, ({ userKey }) => userKey);
  const found = new Map<number, Known>();
  for (const key of new Set([...related, ...blocking])) {
    const eyes = await eyesOf(ctx, { key });
    const own = friendsOf.get(key) ?? [];
    const relations = {
      friends: own.map(({ other }) => wirePerson(other, eyes)),
      friend_requests: requestsOf.get(key)?.map((each) => wireRequest(each, key, eyes)) ?? [],
      blocks: blockedOf.get(key)?.map(({ other }) => refOf(other)) ?? [],
    };
    found.set(key, { relations, friends: own.map(({ other }) => presentPerson(other)) });
  }
  return found;
}

/** One's friends by name, those whose account is disabled left out. */
export async function listFriends(ctx: Context, actor: Actor, page: Page): Promise<{ friends: User[]; total: number }> {
  const { rows, total } = await friendsPage(ctx, actor.key, page);
  const eyes = await eyesOf(ctx, actor);
  return { friends: rows.map((row) => wirePerson(row, eyes)), total };
}

/** The requests that wait for an answer, one's own or the other's, the latest first. */
export async function listRequests(
  ctx: Context,
  actor: Actor,
  direction: RequestDirection,
  page: Page,
): Promise<{ requests: FriendRequest[]; total: number }> {
  const { rows, total } = await requestsPage(ctx, actor.key, direction, page);
  const eyes = await eyesOf(ctx, actor);
  return { requests: rows.map((row) => wireRequest(row, actor.key, eyes)), total };
}

/** Whom the actor has blocked, the latest first. */
export async function listBlocks(
  ctx: Context,
  actor: Actor,
  page: Page,
): Promise<{ blocked: UserRef[]; total: number }> {
  const { rows, total } = await blocksPage(ctx, actor.key, page);
  return { blocked: rows.map(refOf), total };
}

/** How one person sees another. Throws `USER_NOT_FOUND`. */
export async function personSeenBy(ctx: Context, viewer: Pick<Actor, "key">, key: number): Promise<User> {
  const row = await listedPerson(ctx, key);
  if (!row) throw new AppError("USER_NOT_FOUND");
  return wirePerson(row, await eyesOf(ctx, viewer));
}
