import { z } from "zod";
import { assemble, keepAlive, stormWidth } from "./assemble.ts";
import { type Client, type ClientState, connectAll } from "./client.ts";
import { Histories, type Phase, type Place } from "./histories.ts";
import { Histogram } from "./histogram.ts";
import type { Latencies, Seat, WireName } from "./spec.ts";
import { decimalAt, kinds, numberAt, placeholder } from "./wire.ts";
import { parleyWire } from "./wire-parley.ts";

/** People who talk until their server dies, come back all at once when it is there again, and ask what they missed. */
export interface ReconnectSpec {
  kind: "reconnect";
  wire: WireName;
  url: string;
  /** Of another node, to which they come back; else to the same address. */
  backUrl?: string;
  seats: string;
  clients: number;
  /** Messages over all rooms; one of each second's goes to the lobby. */
  perSecond: number;
  /** Of the clients, one in so many loses its line already while the others talk. */
  awayOneIn: number;
}

export interface ReconnectResult {
  /** Milliseconds since 1970: the last line broke, the server listened again, the last was ready, caught up, acked. */
  diedAt: number;
  listeningAt: number;
  readyAt: number;
  caughtUpAt: number;
  /** From when the server listened again until each was caught up. */
  caughtUp: Latencies;
  ackedBefore: number;
  /** Sends without an answer when the server died: sent again with their `temp_id`. */
  sentAgain: number;
  /** Messages that clients got by `sync`. */
  synced: number;
  /** Connections that the kernel dropped before they were accepted, and that were made again. */
  again: number;
  faults: string[];
}

const tickMs = 1;
const pollMs = 2;
const deadlineMs = 120_000;
const settleMs = 15_000;
const faultsShown = 8;

const ready = z.object({
  payload: z.object({
    rooms: z.array(z.object({ id: z.string(), is_lobby: z.boolean(), last_seq: z.number(), rev: z.number() })),
  }),
});
const connected = z.object({ payload: z.object({ epoch: z.string() }) });
const batch = z.object({
  payload: z.object({
    room_id: z.string(),
    messages: z.array(z.object({ seq: z.number(), rev: z.number(), temp_id: z.string() })),
    rev: z.number(),
    has_more: z.boolean(),
  }),
});

const idChars = placeholder.length;
const roomIdAt = `{"type":"new_message","payload":{"id":"${placeholder}","room_id":"`.length;
const ackRoomIdAt = `{"type":"message_ack","payload":{"temp_id":"${placeholder}","id":"${placeholder}","room_id":"`
  .length;
const seqAt = '","seq":'.length;
const revAt = ',"rev":'.length;

const digitsAt = (bytes: Buffer, at: number) => {
  let end = at;
  for (let byte = bytes[end] ?? 0; byte >= 48 && byte <= 57; byte = bytes[++end] ?? 0);
  return end - at;
};

interface Follower {
  client: Client;
  /** By room. */
  places: Map<string, Place>;
  phase: Phase;
  /** Rooms whose answer was only the first part. */
  unfinished: { room_id: string; rev: number }[];
}

interface Sent {
  follower: Follower;
  frame: string;
}

/** The whole story of a crash, as the clients live through it. */
export class Reconnect {
  readonly #followers: Follower[];
  readonly #histories = new Histories((what) => this.#fault(what));
  readonly #faults: string[] = [];
  readonly #unanswered = new Map<number, Sent>();
  readonly #caughtUp = new Histogram();
  readonly #whenAllCaughtUp = Promise.withResolvers<void>();
  #lobby = "";
  #epoch = "";
  #number = 0;
  #isTalking = false;
  #goneCount = 0;
  #readyCount = 0;
  #caughtUpCount = 0;
  #synced = 0;
  #again = 0;
  #listeningMs = 0;
  #readyAt = 0;
  #diedAt = 0;
  #isEnding = false;

  constructor(
    private readonly spec: ReconnectSpec,
    private readonly seats: readonly Seat[],
    private readonly say: (progress: string) => void,
  ) {
    this.#followers = [];
  }

  get #backUrl(): string {
    return this.spec.backUrl ?? this.spec.url;
  }

  async run(): Promise<ReconnectResult> {
    const { spec } = this;
    const wire = {
      ...parleyWire,
      greet: (seat: Seat, text: string) => {
        if (this.#epoch === "" && text.startsWith('{"type":"connected"')) {
          this.#epoch = connected.parse(JSON.parse(text)).payload.epoch;
        }
        const greeting = parleyWire.greet(seat, text);
        if (greeting === "ready" && this.#listeningMs === 0) this.#learn(seat, text);
        return greeting;
      },
    };
    const clients = await assemble(this.seats.slice(0, spec.clients), wire, spec.url, {
      ready: (client) => this.#ready(client),
      frame: (client, bytes, from, to) => this.#frame(client, bytes, from, to),
      closed: (client, code, during) => this.#closed(client, code, during),
    });
    keepAlive(clients);
    this.#talk();
    this.say("talking");
    await this.#untilGone();
    const ackedBefore = this.#histories.ackedCount;
    const sentAgain = this.#unanswered.size;
    await this.#comeBack(clients);
    await this.#settle();
    this.#isEnding = true;
    return {
      diedAt: this.#diedAt,
      listeningAt: performance.timeOrigin + this.#listeningMs,
      readyAt: this.#readyAt,
      caughtUpAt: performance.timeOrigin + this.#listeningMs + this.#caughtUp.summary().max,
      caughtUp: this.#caughtUp.summary(),
      ackedBefore,
      sentAgain,
      synced: this.#synced,
      again: this.#again,
      faults: this.#faults,
    };
  }

  /** The places of somebody's rooms, from the first `ready`. */
  readonly #learnt = new Map<Seat, Map<string, Place>>();
  #learn(seat: Seat, text: string): void {
    const { rooms } = ready.parse(JSON.parse(text)).payload;
    for (const { id, is_lobby } of rooms) if (is_lobby) this.#lobby = id;
    this.#learnt.set(seat, new Map(rooms.map(({ id, last_seq, rev }) => [id, { seq: last_seq, rev }])));
  }

  #ready(client: Client): void {
    const known = this.#followers[client.index];
    if (!known) {
      const places = this.#learnt.get(client.seat) ?? new Map<string, Place>();
      this.#followers[client.index] = { client, places, phase: "live", unfinished: [] };
      return;
    }
    if (++this.#readyCount === this.#followers.length) this.#readyAt = Date.now();
    known.phase = "syncing";
    this.#ask(
      known,
      [...known.places].map(([room_id, { rev }]) => ({ room_id, rev })),
    );
    for (const { follower, frame } of this.#unanswered.values()) if (follower === known) client.say(frame);
  }

  #ask({ client }: Follower, rooms: { room_id: string; rev: number }[]): void {
    client.say(JSON.stringify({ type: "sync", payload: { epoch: this.#epoch, rooms } }));
  }

  /** By a fixed schedule; everybody in turn, in each of their rooms in turn. */
  #talk(): void {
    const { perSecond } = this.spec;
    const everyMs = 1_000 / perSecond;
    const startMs = performance.now();
    this.#isTalking = true;
    // One time for all: a message keeps its id when it is sent again.
    const time = Date.now().toString(16).padStart(12, "0");
    const timer = setInterval(() => {
      if (!this.#isTalking) {
        clearInterval(timer);
        return;
      }
      while (startMs + this.#number * everyMs <= performance.now()) {
        const number = this.#number++;
        const turn = Math.floor((number * 7_919) % this.#followers.length);
        const follower = this.#followers[turn];
        if (follower?.phase !== "live") continue;
        const { rooms } = follower.client.seat;
        const room_id = number % perSecond === 0 ? this.#lobby : rooms[number % rooms.length];
        const temp_id = `${time.slice(0, 8)}-${time.slice(8)}-7fff-8fff-${String(number).padStart(12, "0")}`;
        const payload = { room_id, content: `message ${number}`, temp_id };
        const frame = JSON.stringify({ type: "send_message", payload });
        this.#unanswered.set(number, { follower, frame });
        follower.client.say(frame);
      }
    }, tickMs);
    // Those who lose their line before the crash miss the most.
    setTimeout(() => {
      for (const follower of this.#followers) {
        if (follower.client.index % this.spec.awayOneIn !== 0) continue;
        follower.phase = "gone";
        follower.client.terminate();
      }
    }, 1_000);
  }

  #frame(client: Client, bytes: Buffer, from: number, to: number): void {
    const follower = this.#followers[client.index];
    if (!follower) return;
    const kind = parleyWire.kind(bytes, from, to);
    if (kind === kinds.refusal) this.#fault(`an error: ${bytes.toString("utf8", from, Math.min(to, from + 300))}`);
    else if (kind === kinds.other) this.#other(follower, bytes, from, to);
    else {
      const number = parleyWire.number(kind, bytes, from, to);
      const at = from + (kind === kinds.ack ? ackRoomIdAt : roomIdAt);
      const roomId = bytes.toString("latin1", at, at + idChars);
      const seqFrom = at + idChars + seqAt;
      const seq = numberAt(bytes, seqFrom);
      if (kind === kinds.ack) {
        if (this.#unanswered.delete(number)) this.#histories.acked(roomId, seq, number);
        else if (this.#listeningMs === 0) this.#fault(`message ${number} was acknowledged twice`);
        return;
      }
      const digits = digitsAt(bytes, seqFrom);
      const rev = decimalAt(bytes, seqFrom + digits + revAt, digitsAt(bytes, seqFrom + digits + revAt));
      this.#take(follower, roomId, { seq, rev }, number, follower.phase);
    }
  }

  #take(follower: Follower, roomId: string, at: { seq: number; rev: number }, number: number, phase: Phase): void {
    this.#histories.seen(roomId, at.seq, number);
    const place = follower.places.get(roomId);
    if (!place) this.#fault(`client ${follower.client.index} heard of a room that is not its own`);
    else this.#histories.advance(place, at, phase, follower.client.index);
  }

  #other(follower: Follower, bytes: Buffer, from: number, to: number): void {
    const text = bytes.toString("utf8", from, to);
    if (text.startsWith('{"type":"sync_batch"')) {
      const { room_id, messages, rev, has_more } = batch.parse(JSON.parse(text)).payload;
      for (const { temp_id, ...at } of messages) {
        this.#synced++;
        this.#take(follower, room_id, at, Number(temp_id.slice(-12)), "syncing");
      }
      const place = follower.places.get(room_id);
      if (place) place.rev = Math.max(place.rev, rev);
      if (has_more) follower.unfinished.push({ room_id, rev });
    } else if (text.startsWith('{"type":"sync_done"')) {
      if (follower.unfinished.length > 0) this.#ask(follower, follower.unfinished.splice(0));
      else this.#done(follower);
    } else if (text.startsWith('{"type":"sync_reset"') || text.startsWith('{"type":"room_removed"')) {
      this.#fault(`a sync was answered with ${text.slice(0, 200)}`);
    }
  }

  #done(follower: Follower): void {
    follower.phase = "caught up";
    this.#caughtUp.record(performance.now() - this.#listeningMs);
    for (const [roomId, place] of follower.places) {
      const lacking = this.#histories.ackedBeforeCrash(roomId) - place.seq;
      if (lacking > 0) this.#fault(`client ${follower.client.index} was told to be up to date and lacks ${lacking}`);
    }
    if (++this.#caughtUpCount === this.#followers.length) this.#whenAllCaughtUp.resolve();
  }

  #closed(client: Client, code: number, during: ClientState): void {
    const { index } = client;
    const follower = this.#followers[index];
    if (!follower || this.#isEnding) return;
    if (this.#listeningMs > 0 && during === "upgrading") {
      // The listening queue was full: as any client would, it tries again.
      this.#again++;
      client.connect(this.#backUrl).catch((error: unknown) => this.#fault(String(error)));
      return;
    }
    if (this.#listeningMs > 0) this.#fault(`client ${index} was closed with ${code} on coming back`);
    if (follower.phase === "live") {
      this.#isTalking = false;
      this.#diedAt = Date.now();
    }
    follower.phase = "gone";
    this.#goneCount++;
  }

  async #untilGone(): Promise<void> {
    while (this.#goneCount < this.#followers.length) await Bun.sleep(pollMs);
    this.#histories.crash();
  }

  /** As soon as somebody listens, everybody connects, without any back-off. */
  async #comeBack(clients: readonly Client[]): Promise<void> {
    const { hostname, port } = new URL(this.#backUrl);
    const tryOnce = async () => {
      try {
        const socket = await Bun.connect({ hostname, port: Number(port), socket: { data() {} } });
        socket.terminate();
        return true;
      } catch {
        return false; // nobody listens yet: that is what is asked
      }
    };
    while (!(await tryOnce())) await Bun.sleep(pollMs);
    this.#listeningMs = performance.now();
    await connectAll(clients, [this.#backUrl], stormWidth);
    await Promise.race([this.#whenAllCaughtUp.promise, Bun.sleep(deadlineMs)]);
    const behind = this.#followers.length - this.#caughtUpCount;
    if (behind > 0) this.#fault(`${behind} clients were not caught up after ${deadlineMs / 1_000} s`);
  }

  /** What was sent again is answered and has reached everybody; nobody lacks anything. */
  async #settle(): Promise<void> {
    const lacking = () =>
      this.#followers.filter(({ places }) =>
        [...places].some(([roomId, { seq }]) => seq < this.#histories.lastSeq(roomId)),
      );
    const deadline = performance.now() + settleMs;
    while ((this.#unanswered.size > 0 || lacking().length > 0) && performance.now() < deadline) await Bun.sleep(50);
    if (this.#unanswered.size > 0) this.#fault(`${this.#unanswered.size} messages were never answered`);
    const missing = lacking().length;
    if (missing > 0) this.#fault(`${missing} clients lack messages of their rooms`);
  }

  #fault(what: string): void {
    if (this.#faults.length < faultsShown) this.#faults.push(what);
  }
}
