import type { Cell, Target } from "../cell.ts";
import { compare, type Compared } from "../compare.ts";
import { peers } from "../peers.ts";
import { tableOf } from "../table.ts";

const plan = { people: 400, roomSize: 2, roomsEach: 1 };

export const ingest: Cell = {
  name: "ingest",
  title: "Durable ingest, rooms of 2",
  about:
    "400 clients in 200 rooms of two, everybody sends, at most ten messages a client unanswered. Every message is acknowledged to its sender and delivered to both.",
  async run(bench) {
    const work = {
      roomSize: plan.roomSize,
      sendersPerRoom: plan.roomSize,
      contentBytes: 64,
      tempIds: "ordered" as const,
      load: { kind: "window" as const, perSender: 10 },
      warmUpS: bench.seconds(3),
      seconds: bench.seconds(10),
    };
    const { compared, notes, faults } = await compare(bench, peers, plan, work, bench.isQuick ? 1 : 3);
    const of = (name: string) => compared.find(({ peer }) => peer.name === name);
    const [own, ceiling] = [of("Parley"), of("bare Bun relay")];
    const targets: Target[] = [];
    if (own && ceiling) {
      const ratio = own.ackedPerS / ceiling.ackedPerS;
      targets.push({
        what: "durable ingest, rooms of 2",
        target: "at least 60,000 acked messages/s, or 45 % of the bare relay",
        reached: `${Math.round(own.ackedPerS).toLocaleString("en")} messages/s, ${Math.round(ratio * 100)} % of the relay`,
        isMet: own.ackedPerS >= 60_000 || ratio >= 0.45,
      });
    }
    const socketIos = [of("Socket.IO on Node"), of("Socket.IO on Bun")].filter((one) => one !== undefined);
    const [socketIo] = socketIos.toSorted((a, b) => b.ackedPerS - a.ackedPerS);
    if (own && socketIo) targets.push(times(own, socketIo, "at least 4 ×", (ratio) => ratio >= 4));
    const goHub = of("Go hub");
    if (own && goHub) targets.push(times(own, goHub, "more than", (ratio) => ratio > 1));
    return { tables: [tableOf(compared)], notes, targets, faults };
  },
};

function times(own: Compared, other: Compared, words: string, isMet: (ratio: number) => boolean): Target {
  const ratio = own.ackedPerS / other.ackedPerS;
  return {
    what: `durable ingest, rooms of 2, against ${other.peer.name}`,
    target: `${words} its messages/s, though it stores nothing`,
    reached: `${ratio.toFixed(2)} ×`,
    isMet: isMet(ratio),
  };
}
