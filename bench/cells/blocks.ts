import { readFileSync } from "node:fs";
import type { Bench, Cell } from "../cell.ts";
import { load } from "../load.ts";
import type { LoadResult, Seat } from "../load/spec.ts";
import { parley } from "../peer.ts";
import { rounded } from "../table.ts";

const roomSize = 500;
/** So many of the room sit in this process instead of the generator's, whether they block or not. */
const beside = 50;

/** One who listens beside the generator, and what came to them of the sender's messages. */
interface Listener {
  seat: Seat;
  isBlocker: boolean;
  whole: number;
  stubs: number;
  socket: WebSocket;
}

interface Run {
  blockers: number;
  result: LoadResult;
  faults: string[];
}

export const blocks: Cell = {
  name: "blocks",
  title: "A sender whom some have blocked",
  about: `One member sends into a room of ${roomSize}, in a closed loop of ten messages; none, 1 % and 10 % of the room have blocked them and get stubs instead: around each message their sockets leave the topic. Who blocks sits beside the generator in all runs.`,
  async run(bench) {
    const runs: Run[] = [];
    for (const blockers of [0, roomSize / 100, roomSize / 10]) runs.push(await once(bench, blockers));
    const base = runs[0]?.result;
    const cost = ({ result }: Run) => result.cpuPerMessage - (base?.cpuPerMessage ?? 0);
    return {
      tables: [
        {
          title: "",
          columns: [
            { name: "have blocked the sender" },
            { name: "acked", unit: "messages/s" },
            { name: "delivered to the generator", unit: "/s" },
            { name: "last receiver p50", unit: "ms" },
            { name: "last receiver p99", unit: "ms" },
            { name: "CPU a message", unit: "µs" },
            { name: "more than without, a message and blocker", unit: "µs" },
          ],
          rows: runs.map((run) => [
            run.blockers,
            Math.round(run.result.acked / run.result.seconds),
            Math.round(run.result.deliveries / run.result.seconds),
            rounded(run.result.last.p50),
            rounded(run.result.last.p99),
            rounded(run.result.cpuPerMessage),
            run.blockers === 0 ? "" : rounded(cost(run) / run.blockers),
          ]),
        },
      ],
      faults: runs.flatMap(({ faults }) => faults),
    };
  },
};

async function once(bench: Bench, blockers: number): Promise<Run> {
  bench.say(`${blockers} of ${roomSize} have blocked the sender`);
  const started = await parley.start({ people: roomSize, roomSize, roomsEach: 1 });
  const seats = readFileSync(started.seats, "utf8").trim().split("\n");
  const places = seats.map((line): Seat => JSON.parse(line));
  const clients = roomSize - beside;
  const sender = places[clients - 1];
  if (!sender) throw new Error("there is no sender");
  const listeners = await Promise.all(
    places.slice(clients).map((seat, index) => listen(started.url, seat, index < blockers ? sender : undefined)),
  );
  try {
    const result = await load({
      wire: "parley",
      url: started.url,
      seats: started.seats,
      pids: started.pids,
      clients,
      roomSize: clients,
      sendersPerRoom: 1,
      contentBytes: 64,
      tempIds: "ordered",
      load: { kind: "window", perSender: 10, until: "last" },
      warmUpS: bench.seconds(2),
      seconds: bench.seconds(6),
    });
    const wrong = listeners.filter(({ isBlocker, whole, stubs }) => (isBlocker ? whole > 0 : stubs > 0));
    const counts = new Set(listeners.map(({ whole, stubs }) => whole + stubs));
    return {
      blockers,
      result,
      faults: [
        ...result.faults,
        ...(wrong.length > 0 ? [`${wrong.length} got what is hidden from them, or not what is not`] : []),
        ...(Math.max(...counts) - Math.min(...counts) > 0 ? ["some beside the generator got fewer messages"] : []),
      ],
    };
  } finally {
    for (const { socket } of listeners) socket.close();
    await started.stop();
  }
}

async function listen(url: string, seat: Seat, blocked: Seat | undefined): Promise<Listener> {
  if (blocked) {
    const headers = { authorization: `Bearer ${seat.token}` };
    const answer = await fetch(`${url}/api/v1/blocks/${blocked.user_id}`, { method: "PUT", headers });
    if (!answer.ok) throw new Error(`a block was refused with ${answer.status}`);
  }
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws?token=${seat.token}`);
  const listener = { seat, isBlocker: blocked !== undefined, whole: 0, stubs: 0, socket };
  const ready = Promise.withResolvers<void>();
  socket.addEventListener("message", ({ data }) => {
    const text = String(data);
    if (text.startsWith('{"type":"ready"')) ready.resolve();
    else if (text.startsWith('{"type":"new_message"')) listener[text.includes('"is_hidden"') ? "stubs" : "whole"]++;
  });
  socket.addEventListener("close", () => ready.reject(new Error("a listener was refused")));
  await ready.promise;
  return listener;
}
