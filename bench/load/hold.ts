import { assemble, keepAlive } from "./assemble.ts";
import type { Seat, WireName } from "./spec.ts";
import { wires } from "./wires.ts";

/** People who come and stay, and say nothing. */
export interface HoldSpec {
  kind: "hold";
  wire: WireName;
  url: string;
  seats: string;
  from: number;
  clients: number;
}

/** Connects people, says `ready`, and holds them until the process is killed. */
export async function hold(spec: HoldSpec, seats: readonly Seat[], say: (progress: string) => void): Promise<never> {
  const own = seats.slice(spec.from, spec.from + spec.clients);
  const wire = wires[spec.wire];
  const clients = await assemble(own, wire, spec.url, {
    frame(client, bytes, from, to) {
      const reply = wire.reply?.(bytes, from, to);
      if (reply !== undefined) client.say(reply);
    },
    closed(client, code) {
      throw new Error(`client ${client.index} was closed with ${code}`);
    },
  });
  if (spec.wire === "parley") keepAlive(clients);
  say("ready");
  return new Promise(() => {});
}
