import { assemble } from "./assemble.ts";
import { clientFrame } from "./frames.ts";
import type { Seat, WireName } from "./spec.ts";
import { wires } from "./wires.ts";

/** Somebody who pings all the time: how long the server's event loop lets them wait. */
export interface ProbeSpec {
  kind: "probe";
  wire: WireName;
  url: string;
  seats: string;
  /** Its place among the seats. */
  from: number;
  everyMs: number;
}

export interface ProbeResult {
  /** Each ping: when it was sent, in milliseconds since 1970, and how long its answer took. */
  pings: { at: number; ms: number }[];
}

/** Pings from `ready` on until it is told to end by `SIGTERM`. */
export async function probe(
  spec: ProbeSpec,
  seats: readonly Seat[],
  say: (progress: string) => void,
): Promise<ProbeResult> {
  const pings: ProbeResult["pings"] = [];
  /** Answers come in the order of the questions. */
  const waiting: { at: number; sentMs: number }[] = [];
  const pong = Buffer.from('{"type":"pong"');
  const [client] = await assemble(seats.slice(spec.from, spec.from + 1), wires[spec.wire], spec.url, {
    frame(_client, bytes, from) {
      if (pong.compare(bytes, from, from + pong.length) !== 0) return;
      const asked = waiting.shift();
      if (asked) pings.push({ at: asked.at, ms: performance.now() - asked.sentMs });
    },
  });
  const { bytes } = clientFrame('{"type":"ping"}');
  const { promise: told, resolve } = Promise.withResolvers<void>();
  process.once("SIGTERM", resolve);
  const timer = setInterval(() => {
    waiting.push({ at: Date.now(), sentMs: performance.now() });
    client?.write(bytes);
  }, spec.everyMs);
  say("ready");
  await told;
  clearInterval(timer);
  return { pings };
}
