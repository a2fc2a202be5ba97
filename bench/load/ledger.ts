import type { LoadSpec } from "./spec.ts";

const faultsShown = 5;
/** Messages of one run, at most: their times are kept in flat arrays. */
const messagesMax = 8_000_000;
const [waiting, acked, refused] = [0, 1, 2];

/** Which clients do not read. */
export type IsStalled = (index: number) => boolean;

/**
 * What was sent, what was answered, who has it: every message of a run, by its number. Finds what is lost, doubled, out
 * of order, answered twice or to somebody else.
 */
export class Ledger {
  sent = 0;
  /** Those that were answered. */
  settled = 0;
  readonly faults: string[] = [];
  /** By message: who sent it, when it was to be sent, its answer, how many members have it. */
  readonly #sentBy = new Uint16Array(messagesMax);
  readonly #intended = new Float64Array(messagesMax);
  readonly #answer = new Uint8Array(messagesMax);
  readonly #arrived = new Uint16Array(messagesMax);
  /** By client: the last place in its room that it saw, how many messages it got. */
  readonly #lastSeq: Float64Array;
  readonly #got: Float64Array;
  /** By room: its acknowledged messages, its members that read. */
  readonly #ackedInRoom: Float64Array;
  readonly #readers: Uint16Array;
  readonly #roomSize: number;

  constructor(
    { clients, roomSize }: Pick<LoadSpec, "clients" | "roomSize">,
    private readonly isStalled: IsStalled,
  ) {
    const rooms = Math.ceil(clients / roomSize);
    this.#roomSize = roomSize;
    this.#lastSeq = new Float64Array(clients).fill(-1);
    this.#got = new Float64Array(clients);
    this.#ackedInRoom = new Float64Array(rooms);
    this.#readers = new Uint16Array(rooms);
    for (let index = 0; index < clients; index++) {
      const room = this.#roomOf(index);
      if (!isStalled(index)) this.#readers[room] = (this.#readers[room] ?? 0) + 1;
    }
  }

  /** Enters a message and gives it its number. */
  enter(sender: number, intendedMs: number): number {
    const number = this.sent++;
    if (number >= messagesMax) throw new Error(`one run sends at most ${messagesMax} messages`);
    this.#intended[number] = intendedMs;
    this.#sentBy[number] = sender;
    return number;
  }

  intendedMs(number: number): number {
    return this.#intended[number] ?? 0;
  }

  senderOf(number: number): number {
    return this.#sentBy[number] ?? 0;
  }

  /** Notes a delivery; true when it was the last one of its message. */
  delivered(client: number, number: number, seq: number | undefined): boolean {
    if (seq !== undefined) {
      const last = this.#lastSeq[client] ?? -1;
      if (last !== -1 && seq !== last + 1) this.fault(`client ${client} got message ${seq} of its room after ${last}`);
      this.#lastSeq[client] = seq;
    }
    this.#got[client] = (this.#got[client] ?? 0) + 1;
    const arrived = (this.#arrived[number] ?? 0) + 1;
    this.#arrived[number] = arrived;
    return arrived === this.#readers[this.#roomOf(client)];
  }

  answered(client: number, number: number, isRefused: boolean): void {
    if (this.#answer[number] !== waiting) this.fault(`message ${number} was answered twice`);
    if (this.#sentBy[number] !== client) this.fault(`client ${client} was answered the message of another`);
    this.#answer[number] = isRefused ? refused : acked;
    this.settled++;
    const room = this.#roomOf(client);
    if (!isRefused) this.#ackedInRoom[room] = (this.#ackedInRoom[room] ?? 0) + 1;
  }

  /** Clients that have not got what was acked in their room. */
  missing(): number[] {
    return [...this.#got.keys()]
      .filter((index) => !this.isStalled(index))
      .filter((index) => this.#got[index] !== this.#ackedInRoom[this.#roomOf(index)]);
  }

  /** The last look, when nothing is on its way any more. */
  check(): void {
    if (this.settled < this.sent) this.fault(`${this.sent - this.settled} messages were never answered`);
    for (const index of this.missing()) {
      this.fault(`client ${index} got ${this.#got[index]} of ${this.#ackedInRoom[this.#roomOf(index)]} messages`);
    }
    // As many as were acked, but are they the same?
    for (let number = 0; number < this.sent; number++) {
      const readers = this.#answer[number] === acked ? this.#readers[this.#roomOf(this.senderOf(number))] : 0;
      const arrived = this.#arrived[number];
      if (arrived !== readers) this.fault(`message ${number} arrived ${arrived} times, expected were ${readers}`);
    }
  }

  fault(what: string): void {
    if (this.faults.length < faultsShown) this.faults.push(what);
    else this.faults[faultsShown] = "and more";
  }

  #roomOf(client: number): number {
    return Math.floor(client / this.#roomSize);
  }
}
