import { join } from "node:path";
import type { WireName } from "./load/spec.ts";
import { leashed, root, type Running, start } from "./processes.ts";
import { ground, makeSeats, makeWorld, serve } from "./server.ts";
import { roomsOf, type WorldPlan } from "./world-plan.ts";

/** A server that does the same work in the same run. */
export interface Peer {
  name: string;
  /** What its acknowledgement meant. */
  ack: "none" | "accepted" | "committed" | "fsynced";
  wire: WireName;
  /** What one has to know to read its figures. */
  about?: string;
  /** Why it cannot run here, with the way to install it; `undefined`: it can. */
  lack(): string | undefined;
  /** Starts it with people in rooms as planned. */
  start(plan: WorldPlan): Promise<StartedPeer>;
}

export interface StartedPeer {
  url: string;
  /** Of its other nodes. */
  others?: string[];
  /** The file of its {@link Seat}s. */
  seats: string;
  pids: number[];
  stop(): Promise<void>;
}

export const parley: Peer = {
  name: "Parley",
  ack: "fsynced",
  wire: "parley",
  lack: () => undefined,
  async start(plan) {
    const world = await makeWorld(plan, ground());
    const server = await serve(world);
    return { url: server.url, seats: world.seats, pids: server.pids(), stop: () => server.kill() };
  },
};

const urlLine = (line: string): string | undefined => /"url":"([^"]+)"/.exec(line)?.[1];

/** A peer that is a program of ours and prints `{"url": …}` when it listens. */
export async function startProgram(
  command: readonly string[],
  plan: WorldPlan,
  env: Record<string, string> = {},
): Promise<StartedPeer> {
  const running: Running = start(leashed(command), { env });
  const url = await running.line(urlLine);
  return {
    url: `http://127.0.0.1:${new URL(url).port}`,
    seats: makeSeats(plan, (index) => roomsOf(plan, index)),
    pids: running.pids(),
    stop: () => running.kill(),
  };
}

export const relay: Peer = {
  name: "bare Bun relay",
  ack: "accepted",
  wire: "relay",
  lack: () => undefined,
  start: (plan) => startProgram([process.execPath, join(root, "bench/peers/relay.ts")], plan),
};
