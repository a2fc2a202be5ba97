import { Client, connectAll } from "./client.ts";
import { clientFrame } from "./frames.ts";
import { Histogram } from "./histogram.ts";
import { cpuSeconds } from "./proc.ts";
import type { LoadResult, LoadSpec, Seat } from "./spec.ts";
import { kinds, placeholder, type Wire, writeTempId } from "./wire.ts";

const tickMs = 1;
const settleMs = 30_000;
const faultsShown = 5;
/** Messages of one run, at most: their times are kept in flat arrays. */
const messagesMax = 8_000_000;

/** A member of a room that sends. */
interface Sender {
  client: Client;
  /** Its frame; the `temp_id` is overwritten for every message. */
  frame: Buffer;
  tempIdAt: number;
  /** Messages that it may send at once, in a closed loop. */
  credit: number;
}

/** The rooms of a run talk: in a closed loop as fast as acknowledgements come, or by a schedule that nothing slows. */
export class Talk {
  readonly #clients: Client[];
  readonly #senders: Sender[] = [];
  readonly #bySeat: (Sender | undefined)[] = [];
  /** By number of the message: when it was to be sent, how many members have it. */
  readonly #intended = new Float64Array(messagesMax);
  readonly #arrived = new Uint16Array(messagesMax);
  readonly #isAcked = new Uint8Array(messagesMax);
  /** By client: the last place in the room that it saw, how many messages it got. */
  readonly #lastSeq: Float64Array;
  readonly #got: Float64Array;
  readonly #ackedInRoom: Float64Array;
  #sent = 0;
  #settled = 0;
  #whenSettled: (() => void) | undefined;
  #isTalking = false;
  #isMeasuring = false;
  #measured = { acked: 0, deliveries: 0, ack: new Histogram(), last: new Histogram() };
  #refused: Record<string, number> = {};
  #faults: string[] = [];
  #readyCount = 0;
  #whenReady = Promise.withResolvers<void>();

  constructor(
    private readonly spec: LoadSpec,
    private readonly wire: Wire,
    seats: readonly Seat[],
  ) {
    const { clients, contentBytes, roomSize, sendersPerRoom } = spec;
    this.#lastSeq = new Float64Array(clients).fill(-1);
    this.#got = new Float64Array(clients);
    this.#ackedInRoom = new Float64Array(Math.ceil(clients / roomSize));
    const events = {
      ready: () => {
        if (++this.#readyCount === clients) this.#whenReady.resolve();
      },
      frame: this.#frame.bind(this),
      read: this.#read.bind(this),
      closed: this.#closed.bind(this),
    };
    this.#clients = seats.slice(0, clients).map((seat, index) => new Client(index, seat, wire, events));
    if (this.#clients.length < clients) throw new Error(`there are ${seats.length} seats for ${clients} clients`);
    const content = "x".repeat(contentBytes);
    const fill = spec.load.kind === "window" ? spec.load.perSender : 0;
    for (const client of this.#clients) {
      const place = client.index % roomSize;
      // The last members are the senders: the first may be told to stop reading.
      if (place < roomSize - sendersPerRoom) continue;
      const { bytes, payloadAt } = clientFrame(wire.message(client.seat, content));
      const tempIdAt = bytes.indexOf(placeholder, payloadAt);
      const sender = { client, frame: bytes, tempIdAt, credit: fill };
      this.#senders.push(sender);
      this.#bySeat[client.index] = sender;
    }
  }

  async run(say: (progress: string) => void): Promise<LoadResult> {
    const { spec } = this;
    await connectAll(this.#clients, spec.url);
    await this.#whenReady.promise;
    say(`${spec.clients} clients are ready`);
    for (const client of this.#clients.slice(0, spec.stalled ?? 0)) client.stopReading();
    this.#isTalking = true;
    const startMs = performance.now();
    if (spec.load.kind === "window") for (const sender of this.#senders) this.#fill(sender);
    else this.#keepSchedule(spec.load.perSecond, startMs);
    await Bun.sleep(spec.warmUpS * 1_000);

    const [peer, load] = [() => cpuSeconds(spec.pids), () => cpuSeconds([process.pid])];
    const before = { peer: peer(), load: load(), ms: performance.now() };
    this.#isMeasuring = true;
    await Bun.sleep(spec.seconds * 1_000);
    this.#isMeasuring = false;
    const seconds = (performance.now() - before.ms) / 1_000;
    const [peerS, loadS] = [peer() - before.peer, load() - before.load];
    this.#isTalking = false;
    await this.#settle();
    this.#check();

    const { acked, deliveries, ack, last } = this.#measured;
    return {
      seconds,
      acked,
      refused: this.#refused,
      deliveries,
      ack: ack.summary(),
      last: last.summary(),
      peerCores: peerS / seconds,
      loadCores: loadS / seconds,
      cpuPerMessage: (peerS * 1e6) / Math.max(1, acked),
      cpuPerDelivery: (peerS * 1e6) / Math.max(1, deliveries),
      faults: this.#faults,
    };
  }

  stop(): void {
    this.#isTalking = false;
    for (const client of this.#clients) client.terminate();
  }

  /** Sends so many messages in one write. */
  #send(sender: Sender, count: number, intendedMs: (index: number) => number): void {
    const { frame, tempIdAt } = sender;
    const bytes = count === 1 ? frame : Buffer.allocUnsafe(frame.length * count);
    const now = Date.now();
    for (let index = 0; index < count; index++) {
      const number = this.#sent++;
      if (number >= messagesMax) throw new Error(`one run sends at most ${messagesMax} messages`);
      this.#intended[number] = intendedMs(index);
      const head = this.spec.tempIds === "ordered" ? now : Math.random() * 2 ** 48;
      writeTempId(frame, tempIdAt, head, number);
      if (count > 1) frame.copy(bytes, index * frame.length);
    }
    sender.client.write(bytes);
  }

  #fill(sender: Sender): void {
    const { credit } = sender;
    if (credit === 0 || !this.#isTalking) return;
    sender.credit = 0;
    const now = performance.now();
    this.#send(sender, credit, () => now);
  }

  /** Message `i` is due at `i / perSecond`, whatever became of those before it; senders take turns. */
  #keepSchedule(perSecond: number, startMs: number): void {
    const everyMs = 1_000 / perSecond;
    const senders = this.#senders;
    let due = 0;
    const tick = () => {
      if (!this.#isTalking) return;
      const until = Math.floor((performance.now() - startMs) / everyMs);
      // One write for all that a sender has due, but every message keeps its own time.
      const first = due;
      const count = until - first;
      const among = Math.min(count, senders.length);
      for (let turn = 0; turn < among; turn++) {
        const sender = senders[(first + turn) % senders.length];
        if (!sender) continue;
        const own = Math.ceil((count - turn) / senders.length);
        this.#send(sender, own, (index) => startMs + (first + turn + index * senders.length) * everyMs);
      }
      due = Math.max(due, until);
      setTimeout(tick, tickMs);
    };
    tick();
  }

  #frame(client: Client, bytes: Buffer, from: number, to: number): void {
    const { wire } = this;
    const kind = wire.kind(bytes, from, to);
    if (kind === kinds.other) {
      const reply = wire.reply?.(bytes, from, to);
      if (reply !== undefined) client.say(reply);
      return;
    }
    const number = wire.number(kind, bytes, from, to);
    if (!(number >= 0 && number < this.#sent)) {
      if (kind === kinds.refusal) this.#fault(`an error: ${bytes.toString("utf8", from, Math.min(to, from + 300))}`);
      return;
    }
    if (kind === kinds.delivery) this.#delivered(client, number, bytes, from, to);
    else this.#answered(client, number, kind === kinds.refusal ? wire.code(bytes, from, to) : undefined);
    if (kind === kinds.reflection) this.#delivered(client, number, bytes, from, to);
  }

  #delivered(client: Client, number: number, bytes: Buffer, from: number, to: number): void {
    const { index } = client;
    const seq = this.wire.seq(bytes, from, to);
    if (seq !== undefined) {
      const last = this.#lastSeq[index] ?? -1;
      if (last !== -1 && seq !== last + 1) this.#fault(`client ${index} got message ${seq} of its room after ${last}`);
      this.#lastSeq[index] = seq;
    }
    this.#got[index] = (this.#got[index] ?? 0) + 1;
    const arrived = (this.#arrived[number] ?? 0) + 1;
    this.#arrived[number] = arrived;
    if (this.#isMeasuring) this.#measured.deliveries++;
    if (arrived === this.#expected && this.#isMeasuring) {
      this.#measured.last.record(performance.now() - (this.#intended[number] ?? 0));
    }
  }

  #answered(client: Client, number: number, refusal: string | undefined): void {
    if (this.#isAcked[number]) this.#fault(`message ${number} was answered twice`);
    this.#isAcked[number] = 1;
    this.#settled++;
    if (refusal === undefined) {
      const room = Math.floor(client.index / this.spec.roomSize);
      this.#ackedInRoom[room] = (this.#ackedInRoom[room] ?? 0) + 1;
      if (this.#isMeasuring) {
        this.#measured.acked++;
        this.#measured.ack.record(performance.now() - (this.#intended[number] ?? 0));
      }
    } else {
      this.#refused[refusal] = (this.#refused[refusal] ?? 0) + 1;
    }
    const sender = this.#bySeat[client.index];
    if (sender && this.spec.load.kind === "window") sender.credit++;
    if (!this.#isTalking && this.#settled === this.#sent) this.#whenSettled?.();
  }

  /** After a read, everything that was answered in it is followed by new messages in one write. */
  #read(client: Client): void {
    const sender = this.#bySeat[client.index];
    if (sender && sender.credit > 0) this.#fill(sender);
  }

  #closed(client: Client, code: number): void {
    const isStalled = client.index < (this.spec.stalled ?? 0);
    if (this.#isTalking && !isStalled) this.#fault(`client ${client.index} was closed with ${code}`);
  }

  /** Members of a room that read. */
  get #expected(): number {
    return this.spec.roomSize;
  }

  /** Waits until every message is answered and everybody has everything; what is not there then is lost. */
  async #settle(): Promise<void> {
    const deadline = performance.now() + settleMs;
    if (this.#settled < this.#sent) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenSettled = resolve;
      await Promise.race([promise, Bun.sleep(settleMs)]);
    }
    while (this.#missing().length > 0 && performance.now() < deadline) await Bun.sleep(20);
  }

  /** Clients that have not got what was acked in their room. */
  #missing(): number[] {
    const { roomSize, stalled = 0 } = this.spec;
    return this.#clients
      .map(({ index }) => index)
      .filter((index) => index >= stalled)
      .filter((index) => this.#got[index] !== this.#ackedInRoom[Math.floor(index / roomSize)]);
  }

  #check(): void {
    if (this.#settled < this.#sent) this.#fault(`${this.#sent - this.#settled} messages were never answered`);
    for (const index of this.#missing()) {
      const room = Math.floor(index / this.spec.roomSize);
      this.#fault(`client ${index} got ${this.#got[index]} of ${this.#ackedInRoom[room]} messages`);
    }
  }

  #fault(what: string): void {
    if (this.#faults.length < faultsShown) this.#faults.push(what);
    else this.#faults[faultsShown] = "and more";
  }
}
