import type { RoomFrame } from "./room-frame.ts";

interface RecentFrame {
  roomId: string;
  rev: number;
  frame: RoomFrame;
  /** It came after the database had told of it: only for whom that did not reach. */
  isLate?: boolean;
}

/** Kept even while nobody reads a snapshot: enough for the moment between reading a room and entering it. */
const kept = 256;

/**
 * The room frames published last. Whoever enters a room with what the database said a moment ago (`ready`,
 * `room_added`) gets from here what was published meanwhile: everything with a higher `rev` than they were told.
 */
export class RecentFrames {
  #frames: RecentFrame[] = [];
  /** The number of the first that is still held; they are numbered from 0. */
  #first = 0;
  /** From which number on each reader under way needs them; the oldest reader comes first. */
  readonly #readers = new Set<{ from: number }>();

  /** An empty one is none: a change without an event. */
  push(frame: RecentFrame): void {
    if (frame.frame.text === "") return;
    this.#frames.push(frame);
    if (this.#frames.length >= 2 * kept) this.#forget();
  }

  /** Holds everything from now on until it is released. */
  hold(): { from: number; release: () => void } {
    const reader = { from: this.#first + this.#frames.length };
    this.#readers.add(reader);
    return { from: reader.from, release: () => this.#readers.delete(reader) };
  }

  /** What was published in these rooms (id → the `rev` already known) since `from`, or as far back as is held. */
  *since(rooms: ReadonlyMap<string, number>, from = 0): Generator<RoomFrame> {
    const given = new Map<string, number>();
    for (let i = Math.max(0, from - this.#first); i < this.#frames.length; i++) {
      const recent = this.#frames[i];
      if (!recent || recent.rev <= (rooms.get(recent.roomId) ?? Infinity)) continue;
      const last = given.get(recent.roomId) ?? 0;
      if (recent.isLate && recent.rev <= last) continue;
      given.set(recent.roomId, Math.max(last, recent.rev));
      yield recent.frame;
    }
  }

  /** The `rev` of the last frame of a room that is still held; 0 when there is none. */
  lastRev(roomId: string): number {
    return this.#frames.findLast((frame) => frame.roomId === roomId)?.rev ?? 0;
  }

  #forget(): void {
    const [oldest] = this.#readers;
    const end = this.#first + this.#frames.length;
    const from = Math.min(oldest?.from ?? end, end - kept);
    if (from - this.#first < kept) return;
    this.#frames.splice(0, from - this.#first);
    this.#first = from;
  }
}
