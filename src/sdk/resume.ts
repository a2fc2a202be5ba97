import type { ServerFrame } from "../protocol/events.ts";
import { limits } from "../protocol/limits.ts";
import type { Action } from "./actions.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ApiError, ConnectionError } from "./errors.ts";
import type { State, Timeline } from "./state.ts";
import type { Store } from "./store.ts";
import type { Timelines } from "./timelines.ts";

interface ResumeOptions {
  store: Store<State> & { dispatch(action: Action): void };
  connection: Pick<Connection, "request" | "state">;
  timelines: Pick<Timelines, "opened" | "reload" | "fill">;
  clock: Clock;
}

/** A room is asked for again no sooner than this, whatever the answer was. */
const againAfterMs = 1_000;
/** Big rooms do not tell who joins, so their `rev` jumps all the time: thousands of clients must not all ask at once. */
const bigRoomWithinMs = 10_000;

/** Brings rooms that are `behind` back in step: asks for what changed, or starts anew when that is too much. */
export class Resume {
  readonly #store: ResumeOptions["store"];
  readonly #connection: ResumeOptions["connection"];
  readonly #timelines: ResumeOptions["timelines"];
  readonly #clock: Clock;
  /** When each room that is behind is to be asked for. */
  readonly #dueMs = new Map<string, number>();
  readonly #askedMs = new Map<string, number>();
  #running = false;
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
    const { progress, timelines } = this.#store.getSnapshot();
    for (const roomId of Object.keys(progress)) this.#consider(roomId, { urgent: true });
    // A new history of the database took their timelines; whoever looks at them wants the new ones.
    for (const roomId of this.#timelines.opened) if (!timelines[roomId]) void this.#timelines.reload(roomId);
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
    else if (frame.type === "sync_batch") this.check(frame.payload.room_id, { urgent: frame.payload.has_more });
    else if ("room_id" in frame.payload && frame.payload.room_id !== undefined) this.check(frame.payload.room_id);
  }

  /** Asks for what the room lacks, if it is behind. */
  check(roomId: string, { urgent = false } = {}): void {
    if (this.#connection.state.status !== "ready") return;
    this.#consider(roomId, { urgent });
    this.#schedule();
  }

  #consider(roomId: string, { urgent }: { urgent: boolean }): void {
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
    if (this.#running || this.#dueMs.size === 0) return;
    const wait = Math.min(...this.#dueMs.values()) - this.#clock.now();
    this.#cancelTimer = this.#clock.after(Math.max(0, wait), () => void this.#run());
  }

  async #run(): Promise<void> {
    const now = this.#clock.now();
    const due = [...this.#dueMs].filter(([, dueMs]) => dueMs <= now).map(([roomId]) => roomId);
    for (const roomId of due) {
      this.#dueMs.delete(roomId);
      this.#askedMs.set(roomId, now);
    }
    const { progress, rooms } = this.#store.getSnapshot();
    const behind = due.filter((roomId) => progress[roomId]?.behind);
    const far = behind.filter(
      (roomId) => (rooms[roomId]?.rev ?? 0) - (progress[roomId]?.synced ?? 0) > limits.changesPerRoom,
    );
    const torn = due.filter((roomId) => !behind.includes(roomId));
    this.#running = true;
    try {
      await Promise.all([...far.map((roomId) => this.#startAnew(roomId)), ...torn.map(this.#timelines.fill)]);
      await this.#sync(behind.filter((roomId) => !far.includes(roomId)));
    } finally {
      this.#running = false;
    }
    for (const roomId of due) this.#consider(roomId, { urgent: false });
    this.#schedule();
  }

  /** What is on screen stays there until the newest page has come; what is not goes, and is loaded when it is opened. */
  async #startAnew(roomId: string): Promise<void> {
    const rev = this.#store.getSnapshot().rooms[roomId]?.rev ?? 0;
    const looking = this.#timelines.opened.has(roomId);
    if (looking && !(await this.#timelines.reload(roomId))) return;
    this.#store.dispatch({ type: "room_restarted", room_id: roomId, rev, keep_timeline: looking });
  }

  async #sync(due: readonly string[]): Promise<void> {
    for (let start = 0; start < due.length; start += limits.roomsPerSync) {
      const { epoch, progress } = this.#store.getSnapshot();
      if (epoch === null) return;
      const rooms = due.slice(start, start + limits.roomsPerSync).map((roomId) => ({
        room_id: roomId,
        rev: progress[roomId]?.synced ?? 0,
      }));
      try {
        await this.#connection.request("sync", { epoch, rooms });
      } catch (error) {
        if (error instanceof ConnectionError) return; // the next `ready` begins anew
        if (!(error instanceof ApiError)) throw error;
        const again = this.#clock.now() + (error.retryAfterMs ?? againAfterMs) - againAfterMs;
        for (const { room_id } of rooms) this.#askedMs.set(room_id, again);
      }
    }
  }
}

/** Whether messages are missing though the room is in step: one event of several with the same `rev` was lost. */
function isTorn(timeline: Timeline | undefined): boolean {
  return timeline !== undefined && timeline.ahead.length > 0 && !timeline.loading.page && !timeline.loading.newer;
}
