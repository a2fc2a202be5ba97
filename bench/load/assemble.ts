import { Client, type ClientEvents, connectAll } from "./client.ts";
import type { Seat } from "./spec.ts";
import type { Wire } from "./wire.ts";

/** So many connect at the same time: the listening queue of most systems holds no more. */
export const stormWidth = 512;
const pingEveryMs = 25_000;
const pingsEveryMs = 100;

/**
 * Connects people and resolves when all of them are ready; rejects when one is turned away before. Whom the kernel drops
 * because the listening queue is full tries again at once, as any client would.
 */
export async function assemble(
  seats: readonly Seat[],
  wire: Wire,
  url: string,
  events: ClientEvents & { again?(client: Client): void },
  atOnce = stormWidth,
): Promise<Client[]> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let readyCount = 0;
  const clients = seats.map(
    (seat, index) =>
      new Client(index, seat, wire, {
        ...events,
        ready(client) {
          events.ready?.(client);
          if (++readyCount === seats.length) resolve();
        },
        closed(client, code, during) {
          if (during === "upgrading" && readyCount < seats.length) {
            client.connect(url).catch(reject);
            events.again?.(client);
            return;
          }
          if (readyCount < seats.length) {
            reject(new Error(`client ${index} was closed with ${code} (${during}; ${readyCount} others were ready)`));
          }
          events.closed?.(client, code, during);
        },
      }),
  );
  if (clients.length === 0) return clients;
  await Promise.all([connectAll(clients, [url], atOnce), promise]);
  return clients;
}

/** Lets clients ping as Parley asks of them, evenly spread over time. */
export function keepAlive(clients: readonly Client[]): void {
  let next = 0;
  let due = 0;
  const perTick = (clients.length * pingsEveryMs) / pingEveryMs;
  setInterval(() => {
    for (due += perTick; due >= 1; due--) {
      const client = clients[next++ % clients.length];
      if (client?.state === "ready") client.say('{"type":"ping"}');
    }
  }, pingsEveryMs);
}
