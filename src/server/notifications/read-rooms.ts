import { people } from "../accounts/people.ts";
import type { Context } from "../context.ts";
import { RecentMap } from "../platform/cache/recent-map.ts";
import { unreadRooms } from "./store.ts";

/** People remembered at once (G7), nearly all with nothing unread. */
const rememberedMax = 50_000;
const readsPerBatch = 200;
/** Beyond it a read is passed over: the next one of that room makes up for it. */
const waitingMax = 50_000;
const cacheName = "unread-rooms";

export interface Read {
  userKey: number;
  roomKey: number;
  seq: number;
  atMs: number;
}

const none: ReadonlySet<number> = new Set();

/** Rooms that were read, on their way to the notifications that this reads; and who has any unread, so that most need not go. */
export class ReadRooms {
  readonly #unread = new RecentMap<number, ReadonlySet<number>>(rememberedMax);
  readonly #waiting = new Map<string, Read>();

  #isTelling = false;

  constructor(
    private readonly ctx: Context,
    /** Another node has told somebody something. */
    toldElsewhere: (userKey: number) => void,
  ) {
    const drop = (key: string) => {
      if (this.#isTelling) return;
      this.#unread.delete(Number(key));
      toldElsewhere(Number(key));
    };
    ctx.caches.register(cacheName, drop, { clear: () => this.#unread.clear() });
  }

  get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Takes a read; false where nothing of that room is unread. `isUncertain`: something is just being stored. */
  take(userKey: number, roomKey: number, seq: number, isUncertain: boolean): boolean {
    if (!isUncertain && this.#unread.get(userKey)?.has(roomKey) === false) return false;
    if (this.#waiting.size >= waitingMax) return false;
    this.#waiting.set(`${userKey} ${roomKey}`, { userKey, roomKey, seq, atMs: this.ctx.clock.now() });
    return true;
  }

  /** Somebody has something unread of a room. */
  noteUnread(userKey: number, roomKey: number | null): void {
    const known = this.#unread.get(userKey);
    if (known && roomKey !== null && !known.has(roomKey)) this.#unread.set(userKey, new Set([...known, roomKey]));
  }

  /** Tells the other nodes whose devices have just been told something: they may have read it there. */
  tellNodes(userKeys: Iterable<number>): void {
    if (this.ctx.bus.isAlone) return;
    this.#isTelling = true;
    for (const userKey of userKeys) this.ctx.publish.invalidate(cacheName, `${userKey}`);
    this.#isTelling = false;
  }

  /** Takes a part of what waits. */
  next(): Read[] {
    const reads = [...this.#waiting.values()].slice(0, readsPerBatch);
    for (const { userKey, roomKey } of reads) this.#waiting.delete(`${userKey} ${roomKey}`);
    return reads;
  }

  /** Remembers what these people have unread now. */
  async remember(reads: readonly Read[]): Promise<void> {
    const users = [...new Set(reads.map(({ userKey }) => userKey))];
    const rooms = Map.groupBy(await unreadRooms(this.ctx, users), ({ userKey }) => userKey);
    for (const key of users) {
      const own = rooms.get(key)?.flatMap(({ roomKey }) => roomKey ?? []);
      this.#unread.set(key, own ? new Set(own) : none);
    }
  }

  async idsOf(userKeys: readonly number[]): Promise<Map<number, string>> {
    const persons = await people(this.ctx).byKeys(userKeys);
    return new Map([...persons].map(([key, { id }]) => [key, id]));
  }
}
