import { type EventName, events, type ServerFrame } from "../../src/protocol/events.ts";

/** What people write in a walk: `«ann 17»`, so that it is found again wherever it comes up. */
export const words = (author: string, count: number) => `«${author} ${count}»`;
const written = /«(\w+) \d+»/g;

/** Authors and their words that a text holds, wherever they stand. */
export function authorsIn(text: string): { author: string; said: string }[] {
  return [...text.matchAll(written)].map(([said, author = ""]) => ({ author, said }));
}

const tracedFrames = 5_000;

/** What all players know together. */
export interface Knowledge {
  /** When something was written, by its words. */
  readonly writtenMs: ReadonlyMap<string, number>;
}

/**
 * Listens to every frame of a person's connections, and notes what a server that keeps its promises never sends:
 * G3 a room's events out of order or twice on one connection, G5 events of a room after one was put out of it, G8 words
 * of somebody blocked that were written after the block.
 */
export class Ear {
  readonly faults: string[] = [];
  /** The last frames of all connections, the oldest first, for whoever looks for the cause of a fault. */
  readonly trace: string[] = [];
  /** Since when whom they wrote is not to be heard any more, by name. */
  readonly blockedSinceMs = new Map<string, number>();

  constructor(
    private readonly name: string,
    private readonly knowledge: Knowledge,
  ) {}

  /** A new connection; give it every frame as it comes. */
  connection(): (text: string) => void {
    const revs = new Map<string, number>();
    const left = new Set<string>();
    const seen = new Map<string, Set<string>>();
    return (text) => {
      if (this.trace.push(text) > tracedFrames) this.trace.splice(0, tracedFrames / 2);
      const frame = JSON.parse(text) as ServerFrame;
      this.#hearWords(text, frame.type);
      // Whoever comes while the others in a room wait for something that was lost gets it with them, though `ready`
      // already had it: only events among themselves have an order.
      // Who comes back knows nothing any more: what is told from then on is told for the first time.
      if (frame.type === "room_added") {
        left.delete(frame.payload.room.id);
        revs.delete(frame.payload.room.id);
        seen.delete(frame.payload.room.id);
      }
      if (frame.type === "ready") for (const { id } of frame.payload.rooms) left.delete(id);
      if (frame.type === "room_removed") left.add(frame.payload.room_id);
      if (isRoomEvent(frame)) this.#hearRoom(frame, { revs, left, seen });
    };
  }

  #hearWords(text: string, type: EventName): void {
    if (this.blockedSinceMs.size === 0) return;
    for (const { author, said } of authorsIn(text)) {
      const since = this.blockedSinceMs.get(author);
      if (since !== undefined && (this.knowledge.writtenMs.get(said) ?? 0) > since) {
        this.faults.push(`G8: ${this.name} was sent ${said} of somebody blocked in ${type}`);
      }
    }
  }

  #hearRoom(
    { type, payload }: RoomEvent,
    { revs, left, seen }: { revs: Map<string, number>; left: Set<string>; seen: Map<string, Set<string>> },
  ): void {
    const { room_id, rev } = payload;
    if (left.has(room_id)) this.faults.push(`G5: ${this.name} was sent ${type} ${rev} of a room after its removal`);
    const last = revs.get(room_id);
    if (last !== undefined && rev < last) {
      this.faults.push(`G3: ${this.name} was sent ${type} with rev ${rev} after ${last} of room ${room_id}`);
    }
    revs.set(room_id, Math.max(last ?? 0, rev));
    const event = JSON.stringify([type, payload]);
    const before = seen.get(room_id) ?? new Set();
    seen.set(room_id, before);
    if (before.has(event)) this.faults.push(`G3: ${this.name} was sent ${type} ${rev} of room ${room_id} twice`);
    before.add(event);
  }
}

type RoomEvent = Extract<ServerFrame, { payload: { room_id: string; rev: number } }>;

function isRoomEvent(frame: ServerFrame): frame is RoomEvent {
  return events[frame.type].to === "room" && frame.ref === undefined;
}
