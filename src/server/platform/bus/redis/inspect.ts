import { atMost } from "../../at-most.ts";
import { connectOnce } from "./connect.ts";
import { PlainLink } from "./plain-link.ts";
import { reasonOf, refusalIn } from "./refusals.ts";
import { ShardedLink } from "./sharded-link.ts";

/** What a bridge is and how it does. */
export interface BridgeFacts {
  /** `Valkey 8.0.1`, as far as it says so. */
  name: string;
  /** One message there and back; in a cluster, over each of its members at once. */
  tripMs: number;
  /** Its clock against this machine's; absent where it does not tell. */
  clockAheadMs: number | undefined;
  /** What it does when its memory is full; absent where it does not tell, or has no end. */
  evicts: string | undefined;
}

const takeToken = "redis.call('SET', KEYS[1], '', 'PX', 1000) return redis.call('GET', KEYS[1])";

interface BridgeAddress {
  url: string;
  isSharded: boolean;
  answersWithinMs?: number;
}

/**
 * Does once what a node does all the time: hears itself, runs a script, keeps a value for a second. Rejects with one line
 * that says what does not work, without the address, which may hold a password.
 */
export async function inspectBridge(address: BridgeAddress, now: () => number = Date.now): Promise<BridgeFacts> {
  const { url, isSharded, answersWithinMs = 3_000 } = address;
  const options = { url, prefix: "parley:doctor:", nodeId: Bun.randomUUIDv7(), hear: () => {} };
  const link = isSharded ? new ShardedLink(options, []) : new PlainLink(options);
  const use = async () => {
    await link.ready;
    await link.echo();
    const saidAt = performance.now();
    await link.echo();
    const tripMs = performance.now() - saidAt;
    await link.probe();
    await link.run(takeToken, [`token:${options.nodeId}`], []);
    return { tripMs, ...(await describe(url, now)) };
  };
  const broken = link.lost.then((reason) => {
    throw reason;
  });
  broken.catch(() => {});
  try {
    let facts: BridgeFacts | undefined;
    const done = Promise.race([use(), broken]).then((found) => {
      facts = found;
    });
    await atMost(answersWithinMs, done);
    if (!facts) throw new Error("it does not answer in time");
    return facts;
  } catch (error) {
    const means = refusalIn(error);
    throw new Error(means ? `REDIS_URL ${means}` : reasonOf(error), { cause: error });
  } finally {
    link.end(new Error("all is known"));
  }
}

/** What it tells of itself; a user may be allowed less than that. */
async function describe(url: string, now: () => number): Promise<Omit<BridgeFacts, "tripMs">> {
  const { client, ready, end } = connectOnce(url, () => {});
  try {
    await ready;
    const ask = async (word: string): Promise<unknown> => {
      const answer: unknown = await client.sendCommand([word]).catch(() => undefined);
      return answer;
    };
    const time = await ask("TIME");
    const here = now();
    const info = String((await ask("INFO")) ?? "");
    const [seconds, micros] = Array.isArray(time) ? time.map(Number) : [];
    return {
      name: nameIn(info),
      clockAheadMs: seconds === undefined ? undefined : seconds * 1_000 + (micros ?? 0) / 1_000 - here,
      evicts: /^maxmemory:0\r?$/m.test(info) ? undefined : /^maxmemory_policy:(\S+)/m.exec(info)?.[1],
    };
  } finally {
    end();
  }
}

/** Valkey and Dragonfly also say which Redis they are like. */
function nameIn(info: string): string {
  for (const [field, name] of [
    ["valkey_version", "Valkey"],
    ["dragonfly_version", "Dragonfly"],
    ["redis_version", "Redis"],
  ] as const) {
    const version = new RegExp(`^${field}:(\\S+)`, "m").exec(info)?.[1];
    if (version !== undefined) return `${name} ${version}`;
  }
  return "the bridge";
}
