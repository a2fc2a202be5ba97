import { type Bench, median, spread } from "./cell.ts";
import type { LoadResult, LoadSpec } from "./load/spec.ts";
import { load } from "./load.ts";
import type { Peer } from "./peer.ts";
import type { WorldPlan } from "./world-plan.ts";

export interface Compared {
  peer: Peer;
  /** One a round. */
  results: LoadResult[];
  ackedPerS: number;
  deliveriesPerS: number;
  spread: number;
}

type Work = Omit<LoadSpec, "wire" | "url" | "seats" | "pids" | "clients">;

/** The same work on each of the peers, in turns (A B A B), so that a noisy minute hits all of them. */
export async function compare(
  bench: Bench,
  peers: readonly Peer[],
  plan: WorldPlan,
  work: Work,
  rounds: number,
): Promise<{ compared: Compared[]; notes: string[]; faults: string[] }> {
  const able = peers.filter((peer) => peer.lack() === undefined);
  const notes = peers.flatMap((peer) => {
    const lack = peer.lack();
    if (lack !== undefined) return `${peer.name} was not measured: ${lack}`;
    return peer.about === undefined ? [] : `${peer.name}: ${peer.about}`;
  });
  const results = new Map<Peer, LoadResult[]>(able.map((peer) => [peer, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const peer of able) {
      bench.say(`${peer.name}, round ${round} of ${rounds}`);
      results.get(peer)?.push(await once(peer, plan, work));
    }
  }
  const compared = able.map((peer): Compared => {
    const own = results.get(peer) ?? [];
    const rates = own.map(({ acked, seconds }) => acked / seconds);
    return {
      peer,
      results: own,
      ackedPerS: median(rates),
      deliveriesPerS: median(own.map(({ deliveries, seconds }) => deliveries / seconds)),
      spread: spread(rates),
    };
  });
  const faults = compared.flatMap(({ peer, results }) =>
    results.flatMap((result) => result.faults.map((fault) => `${peer.name}: ${fault}`)),
  );
  return { compared, notes, faults };
}

/** Starts a peer, lets its rooms talk, and stops it. */
export async function once(peer: Peer, plan: WorldPlan, work: Work): Promise<LoadResult> {
  const started = await peer.start(plan);
  try {
    const { url, others, seats, pids } = started;
    return await load({ ...work, wire: peer.wire, url, ...(others && { others }), seats, pids, clients: plan.people });
  } finally {
    await started.stop();
  }
}
