import type { Clock } from "../platform/clock.ts";

/** How long an event waits for the ones before it. What has not come by then was lost on its way. */
const waitMs = 100;

interface Room<F> {
  /** The `rev` up to which everything was released. */
  last: number;
  /** The `rev` up to which the database has told: what the bus still brings of that comes too late. */
  told: number;
  held: { rev: number; frame: F }[];
  /** Ends the wait for the gap before what is held. */
  giveUp: (() => void) | undefined;
  isDraining: boolean;
}

/** What the database says of a room's changes up to a `rev`, in their order. */
export interface Told<F> {
  upTo: number;
  frames: readonly { rev: number; frame: F }[];
}

interface RevOrderOptions<F> {
  clock: Pick<Clock, "after">;
  /** What is due. */
  release: (roomId: string, rev: number, frame: F) => void;
  /** An event waits for those before it. */
  early: () => void;
  /** What came too late: nobody gets it but whoever comes in with an older state. */
  late: (roomId: string, rev: number, frame: F) => void;
  /** Runs a step after what is under way: the events of one transaction share a `rev` and must not be parted. */
  inTurn: (step: () => void) => void;
}

/**
 * Brings a room's events into the order of their `rev`. They are published in the order of their commits, but a
 * transaction's reply can reach this process before that of the one before it: two connections to Postgres are read in
 * no certain order. What other nodes publish comes over a bridge that may lose it: what stays away is asked of the
 * database, and what is there in the end goes out in order, each `rev` once.
 */
export class RevOrder<F> {
  readonly #rooms = new Map<string, Room<F>>();
  /**
   * Called when changes of a room, up to `upTo`, have stayed away: {@link tell} or {@link skip} answers. Without it they
   * are skipped, and clients sync.
   */
  onHole: ((roomId: string, upTo: number) => void) | undefined;

  constructor(private readonly options: RevOrderOptions<F>) {}

  /** The room is read from now on, by somebody who knows everything up to `rev` (infinite: nobody can say). */
  begin(roomId: string, rev: () => number): void {
    if (this.#rooms.has(roomId)) return;
    const last = rev();
    if (!Number.isFinite(last)) return;
    this.#rooms.set(roomId, { last, told: 0, held: [], giveUp: undefined, isDraining: false });
  }

  /** Nobody reads the room any more. */
  end(roomId: string): void {
    this.#rooms.get(roomId)?.giveUp?.();
    this.#rooms.delete(roomId);
  }

  /** The `rev` up to which a room's events are out; `undefined` of a room that nobody reads. */
  last(roomId: string): number | undefined {
    return this.#rooms.get(roomId)?.last;
  }

  /** The rooms that are read. */
  rooms(): Iterable<string> {
    return this.#rooms.keys();
  }

  take(roomId: string, rev: number, frame: F): void {
    const room = this.#rooms.get(roomId);
    if (!room) {
      this.options.release(roomId, rev, frame);
      return;
    }
    // Of the last one more may come: the events of one transaction share their `rev`.
    if (rev < room.last || rev <= room.told) {
      this.options.late(roomId, rev, frame);
      return;
    }
    if (rev > room.last + 1) {
      room.held.push({ rev, frame });
      this.options.early();
      this.#await(roomId, room);
      return;
    }
    room.last = rev;
    this.options.release(roomId, rev, frame);
    if (room.held.length > 0) this.#drainSoon(roomId, room);
  }

  /** In a turn: releases what the database has told of a room, as far as it is news, and what was waiting for it. */
  tell(roomId: string, { upTo, frames }: Told<F>): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    this.#stopWaiting(room);
    const { last } = room;
    for (const { rev, frame } of frames) {
      // What came meanwhile is out, all of its transaction or the rest of it soon.
      if (rev > last && rev <= upTo) this.options.release(roomId, rev, frame);
    }
    if (upTo > last) {
      room.last = upTo;
      room.told = upTo;
      for (const { rev, frame } of room.held) if (rev <= upTo) this.options.late(roomId, rev, frame);
      room.held = room.held.filter(({ rev }) => rev > upTo);
    }
    this.#drain(roomId, room);
    this.#await(roomId, room);
  }

  /** In a turn: what is missing is not to be had; what waits for it goes out. */
  skip(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (!room) return;
    this.#stopWaiting(room);
    const next = nextOf(room);
    if (next === undefined) return;
    room.last = Math.max(room.last, next - 1);
    this.#drain(roomId, room);
  }

  /** Waits for what comes before the first that is held. */
  #await(roomId: string, room: Room<F>): void {
    if (room.held.length === 0) return;
    room.giveUp ??= this.options.clock.after(waitMs, () => this.options.inTurn(() => this.#miss(roomId, room)));
  }

  /** It has not come. Until {@link tell} or {@link skip} answers, nothing more is asked for. */
  #miss(roomId: string, room: Room<F>): void {
    const next = nextOf(room);
    if (next === undefined || this.#rooms.get(roomId) !== room) return;
    if (this.onHole) this.onHole(roomId, next - 1);
    else this.skip(roomId);
  }

  #stopWaiting(room: Room<F>): void {
    room.giveUp?.();
    room.giveUp = undefined;
  }

  #drainSoon(roomId: string, room: Room<F>): void {
    if (room.isDraining) return;
    room.isDraining = true;
    this.options.inTurn(() => {
      room.isDraining = false;
      this.#drain(roomId, room);
    });
  }

  /** Releases what is held, as far as it joins on. */
  #drain(roomId: string, room: Room<F>): void {
    // Stable: the events of one transaction stay in their order.
    room.held.sort((a, b) => a.rev - b.rev);
    let count = 0;
    for (const { rev, frame } of room.held) {
      if (rev > room.last + 1) break;
      room.last = Math.max(room.last, rev);
      this.options.release(roomId, rev, frame);
      count++;
    }
    room.held.splice(0, count);
    if (count === 0) return;
    this.#stopWaiting(room);
    this.#await(roomId, room);
  }
}

function nextOf({ held }: Room<unknown>): number | undefined {
  return held.length === 0 ? undefined : held.reduce((least, { rev }) => Math.min(least, rev), Infinity);
}
