import type { EventFor, EventPayload } from "../../protocol/events.ts";
import { people } from "../accounts/people.ts";
import { blocksOf, knownBlocks, type Blocks } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import { relationsOf, type Relations } from "../friends/lists.ts";
import { relationBetween } from "../friends/relations.ts";
import { unreadSince } from "../notifications/since.ts";
import { nextTurn } from "../platform/turn.ts";
import { heardBetween, retellHere } from "../presence/between.ts";
import { joinedRooms, type JoinedText } from "../rooms/joined.ts";
import { roomIdsOf } from "../rooms/standings.ts";
import { leave } from "./arrival.ts";
import { deliver, devicesOf } from "./audience.ts";
import { frame, frameOf } from "./frames.ts";
import type { RoomHealer } from "./heal-rooms.ts";
import type { Hub } from "./hub.ts";
import type { Session } from "./session.ts";

const blocksPerRound = 500;
/** People looked at before others have their turn: some milliseconds. */
const peoplePerRound = 100;
/**
 * What was stored so long before counts as not heard. That a node hears nothing shows late, and that another has died, with
 * what it had not yet told, after up to five seconds; its clock may be five seconds behind, and its transaction have waited.
 */
const unnoticedMs = 15_000;

/** Of most people. */
const nobody: Set<number> = new Set();

interface Here {
  key: number;
  id: string;
}

/** How people stand to somebody, by id: friend, request or block, in a text to compare. */
type Standing = ReadonlyMap<string, string>;

/** Brings people with sockets on this node what was told them alone without being heard here: from the database. */
export class PeopleHealer {
  /** Since when nothing may have been heard; `undefined`: all is well. */
  #sinceMs: number | undefined;
  /** How everybody's relations were at the last look of this trouble. */
  readonly #relations = new Map<number, Standing>();
  readonly #told = new Set<string>();
  /** From whom everybody was known to be kept apart by blocks, when this trouble began or at its last look. */
  readonly #apart = new Map<number, ReadonlySet<number>>();

  constructor(
    private readonly ctx: Context,
    private readonly hub: Hub,
    private readonly rooms: Pick<RoomHealer, "compare">,
  ) {}

  /** The trouble is over. */
  forget(): void {
    this.#sinceMs = undefined;
    this.#relations.clear();
    this.#told.clear();
    this.#apart.clear();
  }

  /** Keeps the blocks that this node has gone by; before they are read anew. */
  keepBlocks(): void {
    for (const { key } of this.#here()) {
      if (this.#apart.has(key)) continue;
      const known = knownBlocks(this.ctx, key);
      if (known) this.#apart.set(key, apartFrom(known));
    }
  }

  /** Reads who has blocked whom, and tells the blockers: from now on nothing is shown to whom it is hidden. */
  async learnBlocks(): Promise<void> {
    const { ctx, hub } = this;
    for (const round of rounds(this.#here(), blocksPerRound)) {
      const before = new Map(round.map(({ id }) => [id, new Set(hub.hiddenAuthors.blockedBy(id))]));
      await hub.hiddenAuthors.learn(ctx, round);
      for (const { id } of round) {
        const changed = differences(before.get(id) ?? new Set(), new Set(hub.hiddenAuthors.blockedBy(id)));
        // Told at once: what is shown from now on, and what not, a client can only understand when it knows of it.
        if (changed.size > 0) await this.#tellRelations(id, changed);
      }
      await nextTurn();
    }
  }

  /** Compares what people here, or those `among` them, have been told with the database, and tells them what differs. */
  async compare(among?: ReadonlySet<string>): Promise<void> {
    this.#sinceMs ??= this.ctx.clock.now() - unnoticedMs;
    const here = among ? this.#here().filter(({ id }) => among.has(id)) : this.#here();
    for (const round of rounds(here, peoplePerRound)) {
      await this.#compareRooms(round);
      await this.#compareRelations(round);
      await this.#compareBlocks(round);
      await this.#tellNotifications(round, this.#sinceMs);
      await nextTurn();
    }
    if (!among) for (const pair of heardBetween(this.ctx)) await retellHere(this.ctx, ...pair);
  }

  /** Everybody whose sockets have their `ready`; those who are opening read it all anyway. */
  #here(): Here[] {
    const found = new Map<number, Here>();
    for (const { viewer, isReady } of this.hub.sessions) if (viewer && isReady) found.set(viewer.key, viewer);
    return [...found.values()];
  }

  async #compareRooms(round: readonly Here[]): Promise<void> {
    const { ctx, hub } = this;
    const first = await roomIdsOf(ctx, keysOf(round));
    const lacking = round.filter(({ key, id }) => this.#lacks(id, first.get(key)).length > 0);
    if (lacking.length > 0) {
      const rooms = await joinedRooms(ctx, keysOf(lacking));
      for (const each of lacking) await this.#enter(each, rooms.get(each.key) ?? []);
    }
    const leaving = round.filter(({ key, id }) => this.#exceeds(id, first.get(key)));
    if (leaving.length === 0) return;
    // Who came in during the first look is in by the second: whoever is not has left.
    const before = new Map(leaving.map(({ id }) => [id, [...hub.of(id)].map((session) => session.rooms.keys())]));
    const second = await roomIdsOf(ctx, keysOf(leaving));
    const gone = leaving.flatMap(({ key, id }) => {
      const rooms = new Set((before.get(id) ?? []).flat()).difference(second.get(key) ?? new Set());
      return [...rooms].map((roomId) => ({ id, roomId }));
    });
    // The rooms themselves say how it came, if it was just now.
    await this.rooms.compare([...new Set(gone.map(({ roomId }) => roomId))]);
    for (const { id, roomId } of gone) this.#leave(id, roomId);
  }

  #lacks(userId: string, own: ReadonlySet<string> = new Set()): string[] {
    const sessions = [...this.hub.of(userId)].filter(({ isReady }) => isReady);
    return [...own].filter((roomId) => sessions.some(({ rooms }) => !rooms.has(roomId)));
  }

  #exceeds(userId: string, own: ReadonlySet<string> = new Set()): boolean {
    return [...this.hub.of(userId)].some((session) =>
      session.rooms.keys().some((roomId) => !own.has(roomId) && !session.isWatching(roomId)),
    );
  }

  async #enter({ id: userId }: Here, rooms: readonly JoinedText[]): Promise<void> {
    const { ctx, hub } = this;
    const lacked = new Set(this.#lacks(userId, new Set(rooms.map(({ id }) => id))));
    const peers = await people(ctx).byKeys(rooms.flatMap(({ peerKey }) => peerKey ?? []));
    for (const { id, rev, text, peerKey } of rooms) {
      if (!lacked.has(id)) continue;
      const added = frameOf("room_added", `{"room":${text}}`, ctx.clock.now());
      const peer = peerKey === undefined ? undefined : peers.get(peerKey);
      this.#reach(userId, (session) => {
        if (session.rooms.has(id)) return;
        hub.enter(session, new Map([[id, rev]]), added);
        if (!peer) return;
        hub.watchers.meet(session, id, peer.id);
        hub.onNear(session, added);
      });
    }
  }

  #leave(userId: string, roomId: string): void {
    const removed = frame("room_removed", { room_id: roomId, reason: "left" }, this.ctx.clock.now());
    this.#reach(userId, (session) => {
      if (!session.rooms.has(roomId) || session.isWatching(roomId)) return;
      session.send(removed);
      leave(this.hub, session, roomId);
    });
  }

  async #compareRelations(round: readonly Here[]): Promise<void> {
    const found = await relationsOf(this.ctx, keysOf(round));
    for (const { key, id } of round) {
      const relations = found.get(key)?.relations;
      if (!relations) continue;
      const standing = standingOf(relations);
      const before = this.#relations.get(key);
      const changed = before ? changedIn(before, standing) : this.#news(id, relations);
      this.#relations.set(key, standing);
      await this.#tellRelations(id, changed);
    }
  }

  /** At the first look there is nothing to compare with but whom the person's sockets watch as friends. */
  #news(userId: string, { friends, friend_requests }: Relations): Set<string> {
    const now = new Set(friends.map(({ id }) => id));
    const changed = new Set<string>();
    for (const session of this.hub.of(userId)) {
      for (const other of differences(new Set(this.hub.watchers.friendsOf(session)), now)) changed.add(other);
    }
    for (const { user, created_at } of friend_requests) {
      if (Date.parse(created_at) >= (this.#sinceMs ?? Infinity)) changed.add(user.id);
    }
    return changed;
  }

  /** Whoever was kept apart from somebody, or is by now, sees them as they are seen now. */
  async #compareBlocks(round: readonly Here[]): Promise<void> {
    const found = await blocksOf(this.ctx, keysOf(round));
    for (const { key } of round) {
      const blocks = found.get(key);
      const now = blocks ? apartFrom(blocks) : new Set<number>();
      const changed = now.symmetricDifference(this.#apart.get(key) ?? nobody);
      this.#apart.set(key, now);
      for (const other of changed) await retellHere(this.ctx, key, other);
    }
  }

  async #tellRelations(userId: string, others: Iterable<string>): Promise<void> {
    const known = people(this.ctx);
    for (const otherId of others) {
      const [me, other] = [await known.byId(userId), await known.byId(otherId)];
      if (me && other) this.#tell(userId, "relationship_changed", await relationBetween(this.ctx, me, other));
    }
  }

  async #tellNotifications(round: readonly Here[], sinceMs: number): Promise<void> {
    const ids = new Map(round.map(({ key, id }) => [key, id]));
    for (const { userKey, notification } of await unreadSince(this.ctx, keysOf(round), sinceMs)) {
      const userId = ids.get(userKey);
      if (userId === undefined || this.#told.has(notification.id)) continue;
      this.#told.add(notification.id);
      this.#tell(userId, "notification", notification);
    }
  }

  /** To the person's sockets on this node alone: each node looks for itself. */
  #tell<N extends EventFor<"user">>(userId: string, type: N, payload: EventPayload<N>): void {
    deliver(this.hub, devicesOf(userId, type, payload), frame(type, payload, this.ctx.clock.now()));
    this.ctx.metrics.bridgeHealed.inc();
  }

  #reach(userId: string, reach: (session: Session) => void): void {
    this.hub.toUser(userId, reach);
    this.ctx.metrics.bridgeHealed.inc();
  }
}

function keysOf(here: readonly Here[]): number[] {
  return here.map(({ key }) => key);
}

function apartFrom({ blocked, blockers }: Blocks): Set<number> {
  return blocked.size + blockers.size === 0 ? nobody : blocked.union(blockers);
}

function* rounds<T>(all: readonly T[], size: number): Generator<T[]> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}

function standingOf({ friends, friend_requests, blocks }: Relations): Standing {
  return new Map([
    ...friends.map(({ id }) => [id, "friend"] as const),
    ...friend_requests.map(({ id, user }) => [user.id, `request ${id}`] as const),
    ...blocks.map(({ id }) => [id, "blocked"] as const),
  ]);
}

function changedIn(before: Standing, now: Standing): Set<string> {
  const ids = [...before.keys(), ...now.keys()];
  return new Set(ids.filter((id) => before.get(id) !== now.get(id)));
}

function differences(some: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set(some).symmetricDifference(new Set(others));
}
