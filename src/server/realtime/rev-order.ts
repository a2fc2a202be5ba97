import type { Clock } from "../platform/clock.ts";

/** How long an event waits for the ones before it. What has not come by then was lost on its way; clients sync. */
const waitMs = 100;

interface Room<F> {
  /** The `rev` up to which everything was released. */
  last: number;
  held: { rev: number; frame: F }[];
  /** Ends the wait for the gap before what is held. */
  giveUp: (() => void) | undefined;
  isDraining: boolean;
}

interface RevOrderOptions<F> {
  clock: Pick<Clock, "after">;
  /** What is due. */
  release: (roomId: string, rev: number, frame: F) => void;
  /** Runs a step after what is under way: the events of one transaction share a `rev` and must not be parted. */
  inTurn: (step: () => void) => void;
}

/**
 * Brings a room's events into the order of their `rev`. They are published in the order of their commits, but a
 * transaction's reply can reach this process before that of the one before it: two connections to Postgres are read in
 * no certain order.
 */
export class RevOrder<F> {
  readonly #rooms = new Map<string, Room<F>>();

  constructor(private readonly options: RevOrderOptions<F>) {}

  /** The room is read from now on, by somebody who knows everything up to `rev` (infinite: nobody can say). */
  begin(roomId: string, rev: () => number): void {
    if (this.#rooms.has(roomId)) return;
    const last = rev();
    if (Number.isFinite(last)) this.#rooms.set(roomId, { last, held: [], giveUp: undefined, isDraining: false });
  }

  /** Nobody reads the room any more. */
  end(roomId: string): void {
    this.#rooms.get(roomId)?.giveUp?.();
    this.#rooms.delete(roomId);
  }

  take(roomId: string, rev: number, frame: F): void {
    const room = this.#rooms.get(roomId);
    if (!room || rev <= room.last + 1) {
      if (room) room.last = Math.max(room.last, rev);
      this.options.release(roomId, rev, frame);
      if (room && room.held.length > 0) this.#drainSoon(roomId, room);
      return;
    }
    room.held.push({ rev, frame });
    room.giveUp ??= this.options.clock.after(waitMs, () => this.options.inTurn(() => this.#skipGap(roomId, room)));
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
    room.giveUp?.();
    room.giveUp =
      room.held.length === 0
        ? undefined
        : this.options.clock.after(waitMs, () => this.options.inTurn(() => this.#skipGap(roomId, room)));
  }

  #skipGap(roomId: string, room: Room<F>): void {
    room.giveUp = undefined;
    const next = Math.min(...room.held.map(({ rev }) => rev));
    if (!Number.isFinite(next) || this.#rooms.get(roomId) !== room) return;
    room.last = Math.max(room.last, next - 1);
    this.#drain(roomId, room);
  }
}
