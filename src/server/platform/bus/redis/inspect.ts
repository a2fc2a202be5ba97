import { atMost } from "../../at-most.ts";
import { connectOnce } from "./connect.ts";
import { reasonOf, refusalIn } from "./refusals.ts";

/** What a bridge is and how it does. */
export interface BridgeFacts {
  /** `Valkey 8.0.1`, as far as it says so. */
  name: string;
  /** One message there and back. */
  tripMs: number;
  /** Its clock against this machine's; absent where it does not tell. */
  clockAheadMs: number | undefined;
  /** What it does when its memory is full; absent where it does not tell. */
  evicts: string | undefined;
}

const answersWithinMs = 3_000;
const keyForMs = 10_000;

/**
 * Does once what a node does all the time: listens, publishes, runs a script, keeps a value for some seconds. Rejects with
 * one line that says what does not work, without the address, which may hold a password.
 */
export async function inspectBridge(url: string, now: () => number = Date.now): Promise<BridgeFacts> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const sender = connectOnce(url, lost.reject);
  const listener = connectOnce(url, lost.reject);
  const ask = (...words: string[]) => sender.client.sendCommand(words);
  // What only tells more of it may be forbidden.
  const askIfAllowed = async (...words: string[]) => {
    const answer: unknown = await ask(...words).catch(() => undefined);
    return answer;
  };
  const look = async (): Promise<BridgeFacts> => {
    await Promise.all([sender.ready, listener.ready]);
    const name = `parley:doctor:${Bun.randomUUIDv7()}`;
    const heard = Promise.withResolvers<void>();
    await listener.client.subscribe(name, () => heard.resolve());
    const saidAt = performance.now();
    await ask("EVAL", "return redis.call('PUBLISH', KEYS[1], ARGV[1])", "1", name, "hello");
    await heard.promise;
    const tripMs = performance.now() - saidAt;
    await ask("EVAL", "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])", "1", name, "kept", String(keyForMs));
    await ask("EVAL", "return redis.call('DEL', KEYS[1])", "1", name);
    const [seconds, micros] = asStrings(await askIfAllowed("TIME"));
    const here = now();
    const info = String((await askIfAllowed("INFO")) ?? "");
    return {
      name: nameIn(info),
      tripMs,
      clockAheadMs: seconds === undefined ? undefined : Number(seconds) * 1_000 + Number(micros) / 1_000 - here,
      evicts: /^maxmemory:0\r?$/m.test(info) ? undefined : /^maxmemory_policy:(\S+)/m.exec(info)?.[1],
    };
  };
  try {
    let facts: BridgeFacts | undefined;
    const done = Promise.race([look(), lost.promise]).then((found) => {
      facts = found;
    });
    await atMost(answersWithinMs, done);
    if (!facts) throw new Error("it does not answer in time");
    return facts;
  } catch (error) {
    const means = refusalIn(error);
    throw new Error(means ? `REDIS_URL ${means}` : reasonOf(error), { cause: error });
  } finally {
    sender.end();
    listener.end();
  }
}

function asStrings(answer: unknown): string[] {
  return Array.isArray(answer) ? answer.map(String) : [];
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
