import { limits } from "../protocol/limits.ts";
import type { ServerFrame } from "../protocol/events.ts";
import type { JoinedRoom } from "../protocol/models.ts";
import type { StateStore } from "./actions.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Http } from "./http.ts";
import type { Timelines } from "./timelines.ts";

interface RelationsOptions {
  store: StateStore;
  http: Http;
  timelines: Pick<Timelines, "opened">;
}

/** Somebody may write while it is read: then it is read once more, and no further. */
const readsMax = 3;

/**
 * Whoever blocks or unblocks sees their rooms otherwise from then on, in what they hold already too: it is read anew.
 */
export class Relations {
  readonly #options: RelationsOptions;
  #blocked: ReadonlySet<string> | null = null;
  /** What is held was read under other blocks, and reading it anew has failed. */
  #isOwed = false;
  /**
   * A block is so new that a node which heard nothing of the others may have answered as if there were none: what was read
   * since is read once more after the next `ready`.
   */
  #isYoung = false;
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
      if (isOther || this.#isOwed || this.#isYoung) this.#reread();
      this.#isYoung = isOther;
    } else if (frame.type === "relationship_changed") {
      const { user, blocked } = frame.payload;
      const before = this.#blocked ?? new Set();
      if (before.has(user.id) === blocked) return;
      this.#blocked = blocked ? before.union(new Set([user.id])) : before.difference(new Set([user.id]));
      this.#isYoung = true;
      this.#reread();
    }
  }

  /** The session is over. */
  end(): void {
    this.#blocked = null;
    this.#isYoung = false;
    this.#isOwed = false;
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
      const query = { limit: limits.pageMax, ...(around !== undefined && { around }) };
      const { data: messages } = await http.messages.history(roomId, query);
      store.dispatch({ type: "timeline_reread", room_id: roomId, messages, has_newer: around !== undefined });
    }
  }
}
