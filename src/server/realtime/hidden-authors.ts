import { people } from "../accounts/people.ts";
import { blocksOf } from "../blocks/blocked.ts";
import type { Context } from "../context.ts";
import type { RoomFrame } from "./room-frame.ts";
import type { Session } from "./session.ts";
import type { Apart } from "./topics.ts";

/** Of nearly everybody: nobody. */
const nobody: ReadonlySet<string> = new Set();
const nowhere: readonly Apart<Session>[] = [];

/**
 * Who has blocked whom, of the people with sockets on this node: what is hidden from whom is decided here for every
 * event, without asking anybody. Of an author whom nobody has blocked it costs one look into a map.
 */
export class HiddenAuthors {
  /** By author: who wants to see nothing of them. */
  readonly #blockers = new Map<string, Set<string>>();
  /** By person: of whom they want to see nothing. */
  readonly #blocked = new Map<string, Set<string>>();
  /** What has changed while blocks are being read, one list a reading: what it brings may be older. */
  readonly #overtaking = new Set<(() => void)[]>();

  /** Gives a person's sockets on this node. */
  constructor(private readonly socketsOf: (userId: string) => Iterable<Session>) {}

  isHere(userId: string): boolean {
    return !this.socketsOf(userId)[Symbol.iterator]().next().done;
  }

  /** Of whom a person wants to see nothing, by id. */
  blockedBy(userId: string): ReadonlySet<string> {
    return this.#blocked.get(userId) ?? nobody;
  }

  /** Somebody has blocked an author, or does so no longer. */
  set(userId: string, authorId: string, isHidden: boolean): void {
    for (const changes of this.#overtaking) changes.push(() => this.#set(userId, authorId, isHidden));
    this.#set(userId, authorId, isHidden);
  }

  #set(userId: string, authorId: string, isHidden: boolean): void {
    if (isHidden && (this.isHere(userId) || this.isHere(authorId))) this.#add(userId, authorId);
    else this.#remove(userId, authorId);
  }

  /** Reads both sides of these people's blocks before anything is sent to their sockets. */
  async learn(ctx: Context, persons: readonly { key: number; id: string }[]): Promise<void> {
    const changes: (() => void)[] = [];
    this.#overtaking.add(changes);
    try {
      const blocks = await blocksOf(
        ctx,
        persons.map(({ key }) => key),
      );
      const others = await people(ctx).byKeys(
        [...blocks.values()].flatMap(({ blocked, blockers }) => [...blocked, ...blockers]),
      );
      for (const { key, id } of persons) {
        if (!this.isHere(id)) continue;
        this.#removeAllOf(id);
        const { blocked, blockers } = blocks.get(key) ?? { blocked: [], blockers: [] };
        for (const author of blocked) this.#add(id, others.get(author)?.id);
        for (const blocker of blockers) this.#add(others.get(blocker)?.id, id);
      }
      for (const apply of changes) apply();
    } finally {
      this.#overtaking.delete(changes);
    }
  }

  /** The person's last socket here is gone. */
  forget(userId: string): void {
    for (const author of this.#blocked.get(userId) ?? nobody) {
      if (!this.isHere(author)) this.#remove(userId, author);
    }
    for (const blocker of this.#blockers.get(userId) ?? nobody) {
      if (!this.isHere(blocker)) this.#remove(blocker, userId);
    }
  }

  /** The sockets in a room whose people get something else than everybody. */
  apart(roomId: string, frame: RoomFrame): readonly Apart<Session>[] {
    const concerned = this.#concerned(frame);
    if (!concerned) return nowhere;
    const apart: Apart<Session>[] = [];
    for (const userId of concerned) {
      for (const member of this.socketsOf(userId)) {
        const shard = member.rooms.get(roomId);
        if (shard === undefined || member.transport.readyState !== 1) continue;
        apart.push({ member, shard, text: this.#textFor(userId, frame) });
      }
    }
    return apart;
  }

  /** Events as this socket gets them. */
  textsFor({ viewer }: Session, frames: Iterable<RoomFrame>): string[] {
    return [...frames].map((frame) => this.#textFor(viewer?.id, frame)).filter((text) => text !== null);
  }

  /** Who sees this event otherwise than everybody else, by id; `undefined`: nobody. */
  #concerned({ by, quotes, isPassing, blocked: reactions }: RoomFrame): Iterable<string> | undefined {
    const blockers = by === undefined ? undefined : this.#blockers.get(by);
    const quoted = quotes === undefined ? undefined : this.#blockers.get(quotes);
    const blocked = isPassing && by !== undefined ? this.#blocked.get(by) : undefined;
    if (!quoted && !blocked && reactions.length === 0) return blockers;
    const uncounting = reactions.flatMap((reaction) => [...(this.#blockers.get(reaction.by) ?? nobody)]);
    return new Set([...(blockers ?? nobody), ...(quoted ?? nobody), ...(blocked ?? nobody), ...uncounting]);
  }

  /** The event as this person gets it; `null`: they do not. */
  #textFor(userId: string | undefined, frame: RoomFrame): string | null {
    const { by, quotes, isPassing } = frame;
    if (userId === undefined) return frame.text;
    if (by !== undefined && this.#blockers.get(by)?.has(userId)) return frame.hidden;
    if (isPassing && by !== undefined && this.#blocked.get(by)?.has(userId)) return null;
    const seesQuotation = quotes === undefined || this.#blockers.get(quotes)?.has(userId) !== true;
    return frame.without(this.#blocked.get(userId) ?? nobody, seesQuotation);
  }

  #add(userId: string | undefined, authorId: string | undefined): void {
    if (userId === undefined || authorId === undefined) return;
    setOf(this.#blockers, authorId).add(userId);
    setOf(this.#blocked, userId).add(authorId);
  }

  #remove(userId: string, authorId: string): void {
    takeFrom(this.#blockers, authorId, userId);
    takeFrom(this.#blocked, userId, authorId);
  }

  #removeAllOf(userId: string): void {
    for (const author of this.#blocked.get(userId) ?? nobody) this.#remove(userId, author);
    for (const blocker of this.#blockers.get(userId) ?? nobody) this.#remove(blocker, userId);
  }
}

function setOf(sets: Map<string, Set<string>>, name: string): Set<string> {
  const known = sets.get(name);
  if (known) return known;
  const made = new Set<string>();
  sets.set(name, made);
  return made;
}

function takeFrom(sets: Map<string, Set<string>>, name: string, member: string): void {
  const known = sets.get(name);
  if (known?.delete(member) && known.size === 0) sets.delete(name);
}
