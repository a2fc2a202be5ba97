import { limits } from "../protocol/limits.ts";
import type { ServerFrame } from "../protocol/events.ts";
import type { JoinedRoom, TimelineMessage } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Timelines } from "./timelines.ts";

interface RelationsOptions {
  store: StateStore;
  http: Http;
  timelines: Pick<Timelines, "opened">;
  clock: Clock;
}

/** Somebody may write while it is read: then it is read once more, and no further. */
const readsMax = 3;
/** Of a window that follows the room no more is read anew than the newest so many pages. */
const pagesMax = 10;
/** A node that hears nothing of the others notices within some seconds, and from then on asks the database (G6). */
export const oldAfterMs = 10_000;

/**
 * Whoever blocks or unblocks sees their rooms otherwise from then on, in what they hold already too: it is read anew.
 */
export class Relations {
  readonly #options: RelationsOptions;
  #blocked: ReadonlySet<string> | null = null;
  /** What is held was read under other blocks, and reading it anew has failed. */
  #isOwed = false;
  /**
   * What is held may have been read under other blocks without that a frame will say so: a change is so new that a node
   * which hears late of the others may have answered as if there were none, or it was read while no frames came, and a
   * block that came and went meanwhile is in no `ready`. It is read once more after the next `ready`.
   */
  #isYoung = false;
  #stopAging = () => {};
  #isReading = false;
  #isStale = false;

  constructor(options: RelationsOptions) {
    this.#options = options;
  }

  receive(frame: ServerFrame): void {
    if (frame.type === "ready") {
      const blocked = new Set(frame.payload.blocks.map(({ id }) => id));
      const isOther = this.#blocked !== null && this.#blocked.symmetricDifference(blocked).size > 0;
      this.#blocked = blocked;
      if (isOther || this.#isYoung) this.#age();
      if (isOther || this.#isOwed || this.#isYoung) this.#reread();
      this.#isYoung = isOther;
    } else if (frame.type === "relationship_changed") {
      const { user, blocked } = frame.payload;
      const before = this.#blocked ?? new Set();
      if (before.has(user.id) === blocked) return;
      this.#blocked = blocked ? before.union(new Set([user.id])) : before.difference(new Set([user.id]));
      this.#isYoung = true;
      this.#age();
      this.#reread();
    }
  }

  /** A page of history came. What hides nothing, and shows nobody who is blocked, is the same under most blocks. */
  pageRead(messages: readonly TimelineMessage[]): void {
    const blocked = this.#blocked;
    if (blocked === null || this.#isReady) return;
    this.#isYoung ||= messages.some((message) => "is_hidden" in message || blocked.has(message.sender.id));
  }

  /** The session is over. */
  end(): void {
    this.#stopAging();
    this.#blocked = null;
    this.#isYoung = false;
    this.#isOwed = false;
  }

  get #isReady(): boolean {
    return this.#options.store.getSnapshot().connection.status === "ready";
  }

  /** By then every node knows of the change, and it is read for the last time. */
  #age(): void {
    this.#stopAging();
    this.#stopAging = this.#options.clock.after(oldAfterMs, () => {
      this.#isYoung = !this.#isReady;
      if (this.#isReady) this.#reread();
    });
  }

  #reread(): void {
    this.#isStale = true;
    if (!this.#isReading) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isReading = true;
    try {
      while (this.#isStale) {
        this.#isStale = false;
        await this.#rooms();
        await this.#timelines();
      }
      this.#isOwed = false;
    } catch (error) {
      // Away: the next `ready` reads it.
      if (!(error instanceof ApiError || error instanceof ConnectionError)) throw error;
      this.#isOwed = true;
    } finally {
      this.#isReading = false;
    }
  }

  async #rooms(): Promise<void> {
    const { store, http } = this.#options;
    for (let reads = 0; reads < readsMax; reads++) {
      const rooms: JoinedRoom[] = [];
      for (let page = 1, more = true; more; page++) {
        const { data, meta } = await http.rooms.joined({ page, per_page: limits.pageMax });
        rooms.push(...data);
        more = meta.has_more;
      }
      const held = store.getSnapshot().rooms;
      store.dispatch({ type: "rooms_reread", rooms });
      if (rooms.every(({ id, rev }) => rev >= (held[id]?.rev ?? 0))) return;
    }
  }

  async #timelines(): Promise<void> {
    const { store, http, timelines } = this.#options;
    const held = store.getSnapshot().timelines;
    const closed = Object.keys(held).filter((roomId) => !timelines.opened.has(roomId));
    if (closed.length > 0) store.dispatch({ type: "timelines_dropped", room_ids: closed });
    for (const roomId of timelines.opened) {
      const timeline = store.getSnapshot().timelines[roomId];
      if (!timeline || timeline.messages.length === 0) continue;
      const middle = timeline.messages[Math.floor(timeline.messages.length / 2)];
      const around = timeline.live ? undefined : middle?.id;
      const messages = around
        ? (await http.messages.history(roomId, { limit: limits.pageMax, around })).data
        : await this.#newest(roomId, timeline.messages[0]?.seq ?? 0);
      store.dispatch({ type: "timeline_reread", room_id: roomId, messages, has_newer: around !== undefined });
    }
  }

  /** The newest pages down to `seq`: whoever has read back goes on seeing that. */
  async #newest(roomId: string, seq: number): Promise<TimelineMessage[]> {
    const { http } = this.#options;
    let found: TimelineMessage[] = [];
    for (let pages = 0; pages < pagesMax; pages++) {
      const [first] = found;
      if (first && first.seq <= seq) break;
      const { data } = await http.messages.history(roomId, {
        limit: limits.pageMax,
        ...(first && { before: first.id }),
      });
      if (data.length === 0) break;
      found = [...data, ...found];
    }
    return found;
  }
}
