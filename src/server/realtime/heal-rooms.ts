import type { EventFor, EventPayload } from "../../protocol/events.ts";
import type { Context } from "../context.ts";
import { type Missed, missedIn } from "../messages/missed.ts";
import { nextTurn } from "../platform/turn.ts";
import { type RoomState, roomStates } from "../rooms/directory.ts";
import { leave } from "./arrival.ts";
import { deliver, roomOf } from "./audience.ts";
import { frame } from "./frames.ts";
import type { Hub } from "./hub.ts";
import { RoomFrame } from "./room-frame.ts";

/** Rooms asked about by one query. */
const roomsPerQuery = 2_000;
/** What the database has and the bridge has not brought may still be on its way: it gets so much time. */
const graceMs = 50;
/** Rooms that are caught up on at once. */
const roomsAtOnce = 4;
/** Of more changes nothing is told but that there were some: clients take the newest page. */
const changesMax = 5_000;

interface Behind {
  roomId: string;
  upTo: number;
}

/** Brings the sockets of this node what happened in their rooms without being heard here: from the database. */
export class RoomHealer {
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(
    private readonly ctx: Context,
    private readonly hub: Hub,
  ) {}

  /** Changes of a room up to `upTo` have not come. Never rejects: what the database does not tell is skipped. */
  fill(roomId: string, upTo: number): Promise<void> {
    const fill = async () => {
      await this.#underWay.get(roomId);
      try {
        await this.#catchUp({ roomId, upTo });
        this.ctx.metrics.bridgeHoles.inc({ healed: "yes" });
      } catch (error) {
        this.ctx.metrics.bridgeHoles.inc({ healed: "no" });
        this.ctx.log.warn("changes that did not arrive could not be read either; clients sync", { error });
        this.hub.egress.inTurn(() => this.hub.order.skip(roomId));
      }
    };
    const filling = fill().finally(() => {
      if (this.#underWay.get(roomId) === filling) this.#underWay.delete(roomId);
    });
    this.#underWay.set(roomId, filling);
    return filling;
  }

  /** Compares all rooms that are read here, or those `among` them, with the database, and catches up on those behind. */
  async compareAll(among?: ReadonlySet<string>): Promise<void> {
    const rooms = among
      ? [...among].filter((roomId) => this.hub.order.last(roomId) !== undefined)
      : this.hub.order.rooms();
    const closed = await this.compare([...rooms]);
    this.#endWatching(closed);
  }

  /** The same with some of them; gives those that are not public. */
  async compare(roomIds: readonly string[]): Promise<ReadonlySet<string>> {
    const behind: Behind[] = [];
    const closed = new Set<string>();
    this.ctx.metrics.bridgeRoomsCompared.inc(roomIds.length);
    for (let at = 0; at < roomIds.length; at += roomsPerQuery) {
      if (at > 0) await nextTurn();
      const asked = roomIds.slice(at, at + roomsPerQuery);
      const states = await roomStates(this.ctx, asked);
      for (const roomId of asked) {
        const state = states.get(roomId);
        if (state?.type !== "public") closed.add(roomId);
        if (this.#isBehind(roomId, state))
          behind.push({ roomId, upTo: state?.isDeleted === false ? state.rev : Infinity });
      }
    }
    if (behind.length === 0) return closed;
    await new Promise<void>((resolve) => this.ctx.clock.after(graceMs, resolve));
    const still = behind.filter(({ roomId, upTo }) => (this.hub.order.last(roomId) ?? Infinity) < upTo);
    await Promise.all(Array.from({ length: roomsAtOnce }, () => this.#work(still)));
    return closed;
  }

  #isBehind(roomId: string, state: RoomState | undefined): boolean {
    const last = this.hub.order.last(roomId);
    return last !== undefined && (!state || state.isDeleted || state.rev > last);
  }

  async #work(behind: Behind[]): Promise<void> {
    for (let room = behind.pop(); room; room = behind.pop()) {
      const isNews = (this.hub.order.last(room.roomId) ?? Infinity) < room.upTo;
      if (isNews) await this.fill(room.roomId, room.upTo);
    }
  }

  async #catchUp({ roomId, upTo }: Behind): Promise<void> {
    const { ctx, hub } = this;
    for (;;) {
      const since = hub.order.last(roomId);
      if (since === undefined || since >= upTo) break;
      if (Number.isFinite(upTo) && upTo - since > changesMax) {
        const payload = { room_id: roomId, since_rev: since, rev: upTo };
        this.#tell(roomId, { upTo, events: [{ type: "room_changed", payload }], gone: [], isDeleted: false });
        break;
      }
      const missed = await missedIn(ctx, roomId, since, upTo);
      if (missed.upTo <= since) throw new Error("the database knows less than was published");
      this.#tell(roomId, missed);
      await hub.egress.flushed();
      if (missed.isDeleted) return;
    }
    // What waited for this goes on waiting, if there is any left.
    hub.egress.inTurn(() => hub.order.tell(roomId, { upTo: 0, frames: [] }));
  }

  #tell(roomId: string, { events, upTo, gone, isDeleted }: Missed): void {
    const { ctx, hub } = this;
    const now = ctx.clock.now();
    const frames = events.map((event) => ({ rev: event.payload.rev, frame: framed(event, now) }));
    ctx.metrics.bridgeHealed.inc(frames.length);
    hub.egress.inTurn(() => hub.order.tell(roomId, { upTo, frames }));
    for (const { userId, reason } of gone) {
      if (!hub.hiddenAuthors.isHere(userId)) continue;
      deliver(hub, { to: "user", userId, leaves: roomId }, frame("room_removed", { room_id: roomId, reason }, now));
    }
    if (isDeleted) this.#empty(roomId, now);
  }

  /** The room is no more. */
  #empty(roomId: string, now: number): void {
    const { hub } = this;
    const removed = frame("room_removed", { room_id: roomId, reason: "deleted" }, now);
    hub.toEach((session) => {
      if (!session.rooms.has(roomId)) return;
      if (!session.isWatching(roomId)) session.send(removed);
      leave(hub, session, roomId);
    });
  }

  /** Resolves when nothing is being read any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  /** Who only looks on may no longer, where a room is not public any more. */
  #endWatching(closed: ReadonlySet<string>): void {
    const { hub } = this;
    hub.toEach((session) => {
      if (session.viewer) return;
      for (const roomId of session.watchedRooms()) if (closed.has(roomId)) hub.leave(session, roomId);
    });
  }
}

function framed<N extends EventFor<"room">>(event: { type: N; payload: EventPayload<N> }, now: number): RoomFrame {
  const address = roomOf(event.type, event.payload);
  return new RoomFrame(frame(event.type, event.payload, now), address.to === "room" ? address : undefined);
}
