import { assemble, keepAlive } from "./assemble.ts";
import type { Client } from "./client.ts";
import { clientFrame } from "./frames.ts";
import type { Seat, WireName } from "./spec.ts";
import { kinds, placeholder, writeTempId } from "./wire.ts";
import { wires } from "./wires.ts";

/** People who talk while something else happens to the server; every message's times are kept. */
export interface SteadySpec {
  kind: "steady";
  wire: WireName;
  url: string;
  seats: string;
  clients: number;
  /** Members of a room; all of them send in turns. */
  roomSize: number;
  perSecond: number;
}

export interface SteadyResult {
  /** Of each message: when it was to be sent (milliseconds since 1970), how long until its ack and its last receiver. */
  messages: { at: number; ack: number; last: number }[];
  faults: string[];
}

interface Message {
  at: number;
  intendedMs: number;
  room: number;
  ack: number;
  last: number;
  receivers: number;
}

const tickMs = 1;
const settleMs = 20_000;
const content = "x".repeat(64);

/** Talks from `ready` on until it is told to end by `SIGTERM`. */
export async function steady(
  spec: SteadySpec,
  seats: readonly Seat[],
  say: (progress: string) => void,
): Promise<SteadyResult> {
  const wire = wires[spec.wire];
  const messages: Message[] = [];
  const faults: string[] = [];
  const lastSeq = new Map<Client, number>();
  let isEnding = false;

  const delivered = (client: Client, message: Message, seq: number | undefined) => {
    const last = lastSeq.get(client);
    if (seq !== undefined) lastSeq.set(client, seq);
    if (seq !== undefined && last !== undefined && seq !== last + 1) faults.push(`message ${seq} came after ${last}`);
    if (++message.receivers === spec.roomSize) message.last = performance.now() - message.intendedMs;
    if (message.receivers > spec.roomSize) faults.push("a message came twice");
  };
  const clients = await assemble(seats.slice(0, spec.clients), wire, spec.url, {
    frame(client, bytes, from, to) {
      const kind = wire.kind(bytes, from, to);
      if (kind === kinds.other) return;
      const message = messages[wire.number(kind, bytes, from, to)];
      if (!message || kind === kinds.refusal) faults.push(bytes.toString("utf8", from, Math.min(to, from + 300)));
      else if (kind === kinds.delivery) delivered(client, message, wire.seq(bytes, from, to));
      else if (message.ack === 0) message.ack = performance.now() - message.intendedMs;
      else faults.push("a message was acknowledged twice");
    },
    closed(client, code) {
      if (!isEnding) faults.push(`client ${client.index} was closed with ${code}`);
    },
  });
  if (spec.wire === "parley") keepAlive(clients);

  const frames = clients.map((client) => {
    const { bytes, payloadAt } = clientFrame(wire.message(client.seat, content));
    return { client, bytes, tempIdAt: bytes.indexOf(placeholder, payloadAt) };
  });
  const everyMs = 1_000 / spec.perSecond;
  const startMs = performance.now();
  const sinceStart = Date.now() - startMs;
  const send = () => {
    for (let intendedMs = startMs + messages.length * everyMs; intendedMs <= performance.now(); intendedMs += everyMs) {
      const number = messages.length;
      // A stride that meets everybody, a different room each time.
      const frame = frames[(number * (spec.roomSize + 1)) % frames.length];
      if (!frame) return;
      const room = Math.floor(frame.client.index / spec.roomSize);
      messages.push({ at: sinceStart + intendedMs, intendedMs, room, ack: 0, last: 0, receivers: 0 });
      writeTempId(frame.bytes, frame.tempIdAt, Date.now(), number);
      frame.client.write(frame.bytes);
    }
  };
  const { promise: told, resolve } = Promise.withResolvers<void>();
  process.once("SIGTERM", resolve);
  const timer = setInterval(send, tickMs);
  say("ready");
  await told;
  clearInterval(timer);
  const isWhole = ({ ack, receivers }: Message) => ack > 0 && receivers >= spec.roomSize;
  const deadline = performance.now() + settleMs;
  while (!messages.every(isWhole) && performance.now() < deadline) await Bun.sleep(20);
  isEnding = true;
  const lost = messages.filter((message) => !isWhole(message)).length;
  if (lost > 0) faults.push(`${lost} messages were lost on the way to the others`);
  return { messages: messages.map(({ at, ack, last }) => ({ at, ack, last })), faults: faults.slice(0, 5) };
}
