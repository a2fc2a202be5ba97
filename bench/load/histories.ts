/** How far somebody has followed a room without a gap, and what came ahead of that. */
export interface Place {
  seq: number;
  rev: number;
  /** `seq` → `rev`. */
  ahead?: Map<number, number>;
}

/** Where somebody is in the story of a crash. */
export type Phase = "live" | "gone" | "syncing" | "caught up";

/** What is known of every room, put together from what all clients see: it must be the same for all. */
export class Histories {
  /** By room: the number of the message at each `seq`. */
  readonly #numbers = new Map<string, number[]>();
  /** By number of the message: where it stands. */
  readonly #places = new Map<number, { roomId: string; seq: number }>();
  readonly #acked = new Map<string, number>();
  #ackedBeforeCrash = new Map<string, number>();
  ackedCount = 0;

  constructor(private readonly fault: (what: string) => void) {}

  /** A message was seen at a place. */
  seen(roomId: string, seq: number, number: number): void {
    const numbers = this.#numbers.get(roomId) ?? [];
    if (numbers.length === 0) this.#numbers.set(roomId, numbers);
    const known = numbers[seq];
    if (known === number) return;
    if (known !== undefined) this.fault(`two messages, ${known} and ${number}, stand at ${seq} of one room`);
    numbers[seq] = number;
    const before = this.#places.get(number);
    if (before) this.fault(`message ${number} stands at ${before.seq} and at ${seq}`);
    this.#places.set(number, { roomId, seq });
  }

  acked(roomId: string, seq: number, number: number): void {
    this.seen(roomId, seq, number);
    this.ackedCount++;
    this.#acked.set(roomId, Math.max(seq, this.#acked.get(roomId) ?? 0));
  }

  /** The server is gone: what was acked by now must be there ever after. */
  crash(): void {
    this.#ackedBeforeCrash = new Map(this.#acked);
  }

  /** The last `seq` of a room that was acked before the crash. */
  ackedBeforeCrash(roomId: string): number {
    return this.#ackedBeforeCrash.get(roomId) ?? 0;
  }

  /** The last `seq` of a room that anybody has seen. */
  lastSeq(roomId: string): number {
    return Math.max((this.#numbers.get(roomId)?.length ?? 0) - 1, 0);
  }

  /**
   * Somebody got what stands at a place. `live`: it must be the very next; `caught up`: what a sync has already brought
   * may follow once more, but nothing may be left out; `syncing`: in any order.
   */
  advance(place: Place, at: { seq: number; rev: number }, phase: Phase, client: number): void {
    const isWrong = phase === "live" ? at.seq !== place.seq + 1 : phase === "caught up" && at.seq > place.seq + 1;
    if (isWrong) this.fault(`client ${client} got ${at.seq} of a room after ${place.seq}`);
    if (at.seq <= place.seq) return;
    if (at.seq > place.seq + 1) {
      (place.ahead ??= new Map()).set(at.seq, at.rev);
      return;
    }
    place.seq = at.seq;
    place.rev = Math.max(place.rev, at.rev);
    for (let next = place.ahead?.get(place.seq + 1); next !== undefined; next = place.ahead?.get(place.seq + 1)) {
      place.ahead?.delete(++place.seq);
      place.rev = Math.max(place.rev, next);
    }
  }
}
