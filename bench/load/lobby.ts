import { z } from "zod";
import { assemble, keepAlive } from "./assemble.ts";
import { clientFrame } from "./frames.ts";
import { cpuSeconds } from "./proc.ts";
import type { Seat, WireName } from "./spec.ts";
import { kinds, placeholder, writeTempId } from "./wire.ts";
import { parleyWire } from "./wire-parley.ts";

/** One person speaks to everybody in the lobby, again and again. */
export interface LobbySpec {
  kind: "lobby";
  wire: WireName;
  url: string;
  seats: string;
  clients: number;
  rounds: number;
}

export interface LobbyResult {
  /** Each message: when it was sent, in milliseconds since 1970, how long until the median and the last receiver. */
  messages: { at: number; p50: number; last: number }[];
  /** Of the generator, while the messages were on their way. */
  loadCores: number;
  faults: string[];
}

const ready = z.object({
  payload: z.object({ rooms: z.array(z.object({ id: z.string(), is_lobby: z.boolean() })) }),
});
const restMs = 500;
const deadlineMs = 10_000;

export async function lobby(
  spec: LobbySpec,
  seats: readonly Seat[],
  say: (progress: string) => void,
): Promise<LobbyResult> {
  let lobbyId: string | undefined;
  const wire = {
    ...parleyWire,
    greet(seat: Seat, text: string) {
      const greeting = parleyWire.greet(seat, text);
      if (greeting === "ready") {
        lobbyId ??= ready.parse(JSON.parse(text)).payload.rooms.find(({ is_lobby }) => is_lobby)?.id;
      }
      return greeting;
    },
  };
  const faults: string[] = [];
  /** When each client got the present message. */
  const gotMs = new Float64Array(spec.clients);
  let gotCount = 0;
  let round = -1;
  let whenAllGot = Promise.withResolvers<void>();
  const clients = await assemble(seats.slice(0, spec.clients), wire, spec.url, {
    frame(client, bytes, from, to) {
      const kind = wire.kind(bytes, from, to);
      if (kind === kinds.refusal) faults.push(bytes.toString("utf8", from, Math.min(to, from + 300)));
      if (kind !== kinds.delivery) return;
      const number = wire.number(kind, bytes, from, to);
      if (number !== round) faults.push(`client ${client.index} got message ${number} during message ${round}`);
      if (gotMs[client.index] !== 0) faults.push(`client ${client.index} got message ${number} twice`);
      gotMs[client.index] = performance.now();
      if (++gotCount === spec.clients) whenAllGot.resolve();
    },
    closed: (client, code) => faults.push(`client ${client.index} was closed with ${code}`),
  });
  keepAlive(clients);
  say("ready");
  const [speaker] = clients;
  if (!speaker || lobbyId === undefined) throw new Error("nobody is in the lobby");
  const payload = {
    room_id: lobbyId,
    content: "Hello, everybody. Is this heard in the last row?",
    temp_id: placeholder,
  };
  const { bytes } = clientFrame(JSON.stringify({ type: "send_message", payload }));
  const tempIdAt = bytes.indexOf(placeholder);
  const messages: LobbyResult["messages"] = [];
  let [busyMs, cpuS] = [0, 0];
  for (round = 0; round < spec.rounds;) {
    await Bun.sleep(restMs);
    gotMs.fill(0);
    gotCount = 0;
    whenAllGot = Promise.withResolvers();
    writeTempId(bytes, tempIdAt, Date.now(), round);
    const [at, sentMs, cpuBefore] = [Date.now(), performance.now(), cpuSeconds([process.pid])];
    speaker.write(bytes);
    await Promise.race([whenAllGot.promise, Bun.sleep(deadlineMs)]);
    busyMs += performance.now() - sentMs;
    cpuS += cpuSeconds([process.pid]) - cpuBefore;
    if (gotCount < spec.clients) {
      faults.push(`message ${round} reached ${gotCount} of ${spec.clients}`);
      break;
    }
    const sorted = gotMs.toSorted();
    messages.push({ at, p50: (sorted[spec.clients >> 1] ?? 0) - sentMs, last: (sorted.at(-1) ?? 0) - sentMs });
    round++;
  }
  return { messages, loadCores: (cpuS * 1_000) / busyMs, faults: faults.slice(0, 5) };
}
