import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { StateStore } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { Timeline } from "./state.ts";
import { isBlank } from "./timeline.ts";
import type { Timelines } from "./timelines.ts";

interface ResumeOptions {
  store: StateStore;
  connection: Pick<Connection, "request" | "state">;
  timelines: Pick<Timelines, "opened" | "reload" | "fill">;
  clock: Clock;
}

/** A room is asked for again no sooner than this, whatever the answer was. */
const againAfterMs = 1_000;
/** Nor sooner than this after it was refused without a word on when to come back. */
const refusedForMs = 10_000;
/** Big rooms do not tell who joins, so their `rev` jumps all the time: thousands of clients must not all ask at once. */
const bigRoomWithinMs = 10_000;

/** Brings rooms that are `behind` back in step: asks for what changed, or starts anew when that is too much. */
export class Resume {
  readonly #store: StateStore;
  readonly #connection: ResumeOptions["connection"];
  readonly #timelines: ResumeOptions["timelines"];
  readonly #clock: Clock;
  /** When each room that is behind is to be asked for. */
  readonly #dueMs = new Map<string, number>();
  /** Rooms whose last answer was only the first part. */
  readonly #unfinished = new Set<string>();
  readonly #askedMs = new Map<string, number>();
  /** Rooms whose answer is under way. */
  readonly #asking = new Set<string>();
  #cancelTimer = () => {};

  constructor({ store, connection, timelines, clock }: ResumeOptions) {
    this.#store = store;
    this.#connection = connection;
    this.#timelines = timelines;
    this.#clock = clock;
  }

  /** After `ready`: every room that is behind, at once. */
  begin(): void {
    this.#dueMs.clear();
    this.#askedMs.clear();
    this.#unfinished.clear();
    const { progress, timelines } = this.#store.getSnapshot();
    for (const roomId of Object.keys(progress)) this.#consider(roomId, { urgent: true });
    // Their first page failed while there was no network, or a new history of the database took what they had.
    for (const roomId of this.#timelines.opened) if (isBlank(timelines[roomId])) void this.#timelines.reload(roomId);
    this.#schedule();
  }

  /** The connection broke; `ready` will begin anew. */
  end(): void {
    this.#cancelTimer();
    this.#dueMs.clear();
  }

  /** To be called after the store has heard of the frame. */
  receive(frame: ServerFrame): void {
    if (frame.type === "room_added") this.check(frame.payload.room.id);
    else if (frame.type === "sync_batch") {
      if (frame.payload.has_more) this.#unfinished.add(frame.payload.room_id);
    } else if ("room_id" in frame.payload && typeof frame.payload.room_id === "string")
      this.check(frame.payload.room_id);
  }

  /** Asks for what the room lacks, if it is behind. */
  check(roomId: string, { urgent = false } = {}): void {
    if (this.#connection.state.status !== "ready") return;
    this.#consider(roomId, { urgent });
    this.#schedule();
  }

  #consider(roomId: string, { urgent }: { urgent: boolean }): void {
    if (this.#asking.has(roomId)) return;
    const state = this.#store.getSnapshot();
    const torn = isTorn(state.timelines[roomId]);
    if (!state.progress[roomId]?.behind && !torn) {
      this.#dueMs.delete(roomId);
      return;
    }
    const now = this.#clock.now();
    const patient = (state.rooms[roomId]?.member_count ?? 0) > limits.broadcastMembers && !torn && !urgent;
    const due = Math.max(
      now + (patient ? this.#clock.random() * bigRoomWithinMs : 0),
      urgent ? 0 : (this.#askedMs.get(roomId) ?? 0) + againAfterMs,
    );
    this.#dueMs.set(roomId, Math.min(due, this.#dueMs.get(roomId) ?? Number.POSITIVE_INFINITY));
  }

  #schedule(): void {
    this.#cancelTimer();
    if (this.#dueMs.size === 0) return;
    const wait = Math.min(...this.#dueMs.values()) - this.#clock.now();
    this.#cancelTimer = this.#clock.after(Math.max(0, wait), () => this.#run());
  }

  #run(): void {
    const now = this.#clock.now();
    const { progress, rooms } = this.#store.getSnapshot();
    const near: string[] = [];
    for (const [roomId, dueMs] of this.#dueMs) {
      if (dueMs > now) continue;
      this.#dueMs.delete(roomId);
      const { synced, behind } = progress[roomId] ?? { synced: 0, behind: false };
      if (!behind) void this.#ask([roomId], () => this.#timelines.fill(roomId));
      else if ((rooms[roomId]?.rev ?? 0) - synced <= limits.changesPerRoom) near.push(roomId);
      else void this.#ask([roomId], () => this.#startAnew(roomId));
    }
    for (let start = 0; start < near.length; start += limits.roomsPerSync) {
      const some = near.slice(start, start + limits.roomsPerSync);
      void this.#ask(some, () => this.#sync(some));
    }
    this.#schedule();
  }

  async #ask(roomIds: readonly string[], question: () => Promise<unknown>): Promise<void> {
    for (const roomId of roomIds) {
      this.#asking.add(roomId);
      this.#askedMs.set(roomId, this.#clock.now());
    }
    try {
      await question();
    } finally {
      for (const roomId of roomIds) this.#asking.delete(roomId);
    }
    for (const roomId of roomIds) this.check(roomId, { urgent: this.#unfinished.delete(roomId) });
  }

  /** What is on screen stays there until the newest page has come; what is not goes, and is loaded when it is opened. */
  async #startAnew(roomId: string): Promise<void> {
    const { rooms, timelines } = this.#store.getSnapshot();
    const looking = this.#timelines.opened.has(roomId);
    // A page that was asked for earlier may be older than what is known by now: the next one, then.
    if (looking && timelines[roomId]?.loading.page) return;
    if (looking && !(await this.#timelines.reload(roomId))) return this.#postpone(roomId, refusedForMs);
    const rev = rooms[roomId]?.rev ?? 0;
    this.#store.dispatch({ type: "room_restarted", room_id: roomId, rev, keep_timeline: looking });
  }

  async #sync(roomIds: readonly string[]): Promise<void> {
    const { epoch, progress } = this.#store.getSnapshot();
    if (epoch === null) return;
    const rooms = roomIds.map((room_id) => ({ room_id, rev: progress[room_id]?.synced ?? 0 }));
    try {
      await this.#connection.request("sync", { epoch, rooms });
    } catch (error) {
      if (error instanceof ConnectionError) return; // the next `ready` begins anew
      if (!(error instanceof ApiError)) throw error;
      for (const roomId of roomIds) this.#postpone(roomId, error.retryAfterMs ?? refusedForMs);
    }
  }

  #postpone(roomId: string, ms: number): void {
    this.#askedMs.set(roomId, this.#clock.now() + ms - againAfterMs);
  }
}

/** Whether messages are missing though the room is in step: one event of several with the same `rev` was lost. */
function isTorn(timeline: Timeline | undefined): boolean {
  return timeline !== undefined && timeline.ahead.length > 0 && !timeline.loading.page && !timeline.loading.newer;
}
