import { Client, connectAll } from "./client.ts";
import { clientFrame } from "./frames.ts";
import { Histogram } from "./histogram.ts";
import { Ledger } from "./ledger.ts";
import { closedSockets, meanBetween, readMetrics } from "./metrics.ts";
import { cpuSeconds, families } from "./proc.ts";
import { Slices } from "./slices.ts";
import type { LoadResult, LoadSpec, Seat } from "./spec.ts";
import { type Timetable, timetable } from "./timetable.ts";
import { kinds, placeholder, type Wire, writeTempId } from "./wire.ts";

const tickMs = 1;
const settleMsUsual = 30_000;

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
  readonly #ledger: Ledger;
  readonly #slices: Slices | undefined;
  /** Those who may send again since something came in. */
  readonly #released = new Set<Sender>();
  #whenSettled: (() => void) | undefined;
  #isTalking = false;
  #isMeasuring = false;
  #measured = { acked: 0, deliveries: 0, ack: new Histogram(), last: new Histogram() };
  #refused: Record<string, number> = {};
  #readyCount = 0;
  #whenReady = Promise.withResolvers<void>();

  constructor(
    private readonly spec: LoadSpec,
    private readonly wire: Wire,
    seats: readonly Seat[],
  ) {
    const { clients, contentBytes, roomSize, sendersPerRoom } = spec;
    this.#ledger = new Ledger(spec, (index) => this.#isStalled(index));
    this.#slices = spec.sliceMs === undefined ? undefined : new Slices(spec.sliceMs);
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
      if (this.#isStalled(client.index)) throw new Error("who stops reading cannot be a sender");
      const { bytes, payloadAt } = clientFrame(wire.message(client.seat, content));
      const tempIdAt = bytes.indexOf(placeholder, payloadAt);
      const sender = { client, frame: bytes, tempIdAt, credit: fill };
      this.#senders.push(sender);
      this.#bySeat[client.index] = sender;
    }
  }

  async run(say: (progress: string) => void): Promise<LoadResult> {
    const { spec } = this;
    await Promise.all([connectAll(this.#clients, [spec.url, ...(spec.others ?? [])]), this.#whenReady.promise]);
    say(`${spec.clients} clients are ready`);
    for (const client of this.#clients) if (this.#isStalled(client.index)) client.stopReading();
    this.#isTalking = true;
    const startMs = performance.now();
    this.#slices?.begin(startMs);
    if (spec.load.kind === "window") for (const sender of this.#senders) this.#fill(sender);
    else if (spec.load.kind === "phases") this.#keep(timetable(spec.load.phases), startMs);
    else this.#keep(timetable([{ perSecond: spec.load.perSecond, seconds: Infinity }]), startMs);
    await Bun.sleep(spec.warmUpS * 1_000);

    // Asked again each time: a database gives every connection a process, and some open when the talk has begun.
    const [peer, load] = [() => cpuSeconds(families(spec.pids)), () => cpuSeconds([process.pid])];
    const metricsBefore = await this.#metrics();
    const before = { peer: peer(), load: load(), ms: performance.now() };
    this.#isMeasuring = true;
    await Bun.sleep(spec.seconds * 1_000);
    this.#isMeasuring = false;
    const seconds = (performance.now() - before.ms) / 1_000;
    const [peerS, loadS] = [peer() - before.peer, load() - before.load];
    const batch = meanBetween(metricsBefore, await this.#metrics(), "parley_commit_batch_messages");
    this.#isTalking = false;
    await this.#settle();
    this.#ledger.check();
    const closed = spec.wire === "parley" ? closedSockets(await this.#metrics()) : {};

    const { acked, deliveries, ack, last } = this.#measured;
    return {
      seconds,
      acked,
      refused: this.#refused,
      closed,
      deliveries,
      ack: ack.summary(),
      last: last.summary(),
      peerCores: peerS / seconds,
      loadCores: loadS / seconds,
      cpuPerMessage: (peerS * 1e6) / Math.max(1, acked),
      cpuPerDelivery: (peerS * 1e6) / Math.max(1, deliveries),
      ...(batch !== undefined && { batch }),
      ...(this.#slices && { series: this.#slices.all() }),
      faults: this.#ledger.faults,
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
      const atMs = intendedMs(index);
      const number = this.#ledger.enter(sender.client.index, atMs);
      this.#slices?.sent(atMs);
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

  /** Every message goes when it is due, whatever became of those before it; senders take turns. */
  #keep(times: Timetable, startMs: number): void {
    const senders = this.#senders;
    let due = 0;
    const tick = () => {
      if (!this.#isTalking) return;
      const until = times.dueBy(performance.now() - startMs);
      // One write for all that a sender has due, but every message keeps its own time.
      const first = due;
      const count = until - first;
      const among = Math.min(count, senders.length);
      for (let turn = 0; turn < among; turn++) {
        const sender = senders[(first + turn) % senders.length];
        if (!sender) continue;
        const own = Math.ceil((count - turn) / senders.length);
        this.#send(sender, own, (index) => startMs + times.at(first + turn + index * senders.length));
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
    if (this.#isStalled(client.index)) return;
    const number = wire.number(kind, bytes, from, to);
    if (!(number >= 0 && number < this.#ledger.sent)) {
      const text = bytes.toString("utf8", from, Math.min(to, from + 300));
      if (kind === kinds.refusal) this.#ledger.fault(`an error: ${text}`);
      return;
    }
    if (kind === kinds.delivery) this.#delivered(client, number, bytes, from, to);
    else this.#answered(client, number, kind === kinds.refusal ? wire.code(bytes, from, to) : undefined);
    if (kind === kinds.reflection) this.#delivered(client, number, bytes, from, to);
  }

  #delivered(client: Client, number: number, bytes: Buffer, from: number, to: number): void {
    const isLast = this.#ledger.delivered(client.index, number, this.wire.seq(bytes, from, to));
    if (this.#isMeasuring) this.#measured.deliveries++;
    if (isLast) this.#arrivedEverywhere(number);
  }

  #arrivedEverywhere(number: number): void {
    const intendedMs = this.#ledger.intendedMs(number);
    const afterMs = performance.now() - intendedMs;
    this.#slices?.last(intendedMs, afterMs);
    if (this.#isMeasuring) this.#measured.last.record(afterMs);
    if (this.#returnsCredit === "last") this.#release(this.#bySeat[this.#ledger.senderOf(number)]);
  }

  #answered(client: Client, number: number, refusal: string | undefined): void {
    this.#ledger.answered(client.index, number, refusal !== undefined);
    const intendedMs = this.#ledger.intendedMs(number);
    const afterMs = performance.now() - intendedMs;
    if (refusal === undefined) {
      this.#slices?.acked(intendedMs, afterMs);
      if (this.#isMeasuring) {
        this.#measured.acked++;
        this.#measured.ack.record(afterMs);
      }
    } else {
      this.#refused[refusal] = (this.#refused[refusal] ?? 0) + 1;
      this.#slices?.refused(intendedMs, afterMs);
    }
    if (this.#returnsCredit === "ack" || refusal !== undefined) this.#release(this.#bySeat[client.index]);
    if (!this.#isTalking && this.#ledger.settled === this.#ledger.sent) this.#whenSettled?.();
  }

  /** Lets a sender of a closed loop send one more. */
  #release(sender: Sender | undefined): void {
    if (!sender || this.#returnsCredit === undefined) return;
    sender.credit++;
    this.#released.add(sender);
  }

  /** After a read, everything that it released is followed by new messages, in one write a sender. */
  #read(): void {
    if (this.#released.size === 0) return;
    for (const sender of this.#released) this.#fill(sender);
    this.#released.clear();
  }

  #closed(client: Client, code: number): void {
    const { clients } = this.spec;
    if (this.#readyCount < clients) this.#whenReady.reject(new Error(`client ${client.index} was closed with ${code}`));
    if (this.#isTalking && !this.#isStalled(client.index)) {
      this.#ledger.fault(`client ${client.index} was closed with ${code}`);
    }
  }

  /** What lets the sender of a closed loop go on; `undefined` in an open loop. */
  get #returnsCredit(): "ack" | "last" | undefined {
    const { load } = this.spec;
    return load.kind === "window" ? (load.until ?? "ack") : undefined;
  }

  #isStalled(index: number): boolean {
    const { stalledEvery } = this.spec;
    return stalledEvery !== undefined && index % stalledEvery === 0;
  }

  async #metrics(): Promise<ReadonlyMap<string, number>> {
    return this.spec.wire === "parley" ? readMetrics(this.spec.url) : new Map();
  }

  /** Waits until every message is answered and everybody has everything; what is not there then is lost. */
  async #settle(): Promise<void> {
    const { settleMs = settleMsUsual } = this.spec;
    const deadline = performance.now() + settleMs;
    if (this.#ledger.settled < this.#ledger.sent) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#whenSettled = resolve;
      await Promise.race([promise, Bun.sleep(settleMs)]);
    }
    while (this.#ledger.missing().length > 0 && performance.now() < deadline) await Bun.sleep(20);
  }
}
