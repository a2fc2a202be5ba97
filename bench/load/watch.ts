import { assemble, keepAlive } from "./assemble.ts";
import type { Seat, WireName } from "./spec.ts";
import { wires } from "./wires.ts";

/** People who watch how others are. */
export interface WatchSpec {
  kind: "watch";
  wire: WireName;
  url: string;
  seats: string;
  /** The first of the watchers' seats, and how many they are. */
  from: number;
  watchers: number;
  /** The first of the seats that are watched, how many they are, and how many of them each watcher watches. */
  watchedFrom: number;
  watched: number;
  each: number;
}

export interface WatchResult {
  /** Milliseconds since 1970 at which every watcher had heard that all of theirs are there, and that all are gone. */
  allOnlineAt: number;
  allOfflineAt: number;
  /** Frames that told of a change. */
  told: number;
  faults: string[];
}

/** All of it takes no longer, or something was never told. */
const deadlineMs = 120_000;

const changed = Buffer.from('{"type":"user_status_changed"');

/** Watches from `ready` on, says `all online` and `all offline` when it comes to that, and ends with the latter. */
export async function watch(
  spec: WatchSpec,
  seats: readonly Seat[],
  say: (progress: string) => void,
): Promise<WatchResult> {
  const faults: string[] = [];
  const online = Array.from({ length: spec.watchers }, () => new Set<string>());
  const pairs = spec.watchers * spec.each;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const { promise: answered, resolve: allAnswered } = Promise.withResolvers<void>();
  let [answers, onlinePairs, told, allOnlineAt, allOfflineAt] = [0, 0, 0, 0, 0];
  const own = seats.slice(spec.from, spec.from + spec.watchers);
  const clients = await assemble(own, wires[spec.wire], spec.url, {
    frame(client, bytes, from, to) {
      if (changed.compare(bytes, from, from + changed.length) !== 0) {
        const text = bytes.toString("utf8", from, Math.min(to, from + 300));
        if (text.startsWith('{"type":"error"')) faults.push(text);
        if (text.startsWith('{"type":"presence"') && ++answers === spec.watchers) allAnswered();
        return;
      }
      told++;
      const text = bytes.toString("utf8", from, to);
      const userId = /"user_id":"([^"]+)"/.exec(text)?.[1] ?? "";
      const theirs = online[client.index];
      const wasOnline = theirs?.has(userId) ?? false;
      if (text.includes('"status":"offline"')) {
        theirs?.delete(userId);
        if (wasOnline && --onlinePairs === 0 && allOnlineAt > 0) {
          allOfflineAt = Date.now();
          say("all offline");
          end();
        }
      } else {
        theirs?.add(userId);
        if (!wasOnline && ++onlinePairs === pairs) {
          allOnlineAt = Date.now();
          say("all online");
        }
      }
    },
    closed: (client, code) => faults.push(`watcher ${client.index} was closed with ${code}`),
  });
  keepAlive(clients);
  for (const client of clients) {
    const user_ids = Array.from({ length: spec.each }, (_, index) => {
      const place = (client.index * spec.each + index) % spec.watched;
      return seats[spec.watchedFrom + place]?.user_id;
    });
    client.say(JSON.stringify({ type: "watch_presence", payload: { user_ids } }));
  }
  await answered;
  say("ready");
  await Promise.race([ended, Bun.sleep(deadlineMs)]);
  if (allOfflineAt === 0)
    faults.push(`${onlinePairs} of ${pairs} are still taken to be online, ${told} changes were told`);
  return { allOnlineAt, allOfflineAt, told, faults: faults.slice(0, 5) };
}
