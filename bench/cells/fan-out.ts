import type { Bench, Cell, Table, Target } from "../cell.ts";
import { compare, type Compared } from "../compare.ts";
import { parley, relay } from "../peer.ts";
import { peers } from "../peers.ts";
import { isClientBound, limitOf, mediansOf, rounded } from "../table.ts";

interface Case {
  people: number;
  roomSize: number;
  contentBytes: number;
  /** Messages of one sender that have not reached everybody. */
  underWay: number;
}

/** 10,000 deliveries under way, as 1,000 clients have with ten messages a room. */
const small = [10, 50, 500].map((roomSize) => ({ people: 1_000, roomSize, underWay: 10 }));
/** A room so large is paced: its frames go out together, up to 50 ms long. Fewer messages would wait for nothing else. */
const large = { people: 5_000, roomSize: 5_000, underWay: 100 };
const sizes = [64, 256, 1_024];

const main: Case = { people: 1_000, roomSize: 50, contentBytes: 64, underWay: 10 };
const others: Case[] = [
  { ...main, underWay: 50 },
  ...[...small, large].flatMap((room) => sizes.map((contentBytes) => ({ ...room, contentBytes }))),
].filter(({ roomSize, contentBytes, underWay }) => roomSize !== 50 || contentBytes !== 64 || underWay !== 10);

export const fanOut: Cell = {
  name: "fan-out",
  title: "Fan-out, one sender a room",
  about:
    "1,000 clients (5,000 in the one room of 5,000) sit in rooms of one size; one member of each room sends, in a closed loop: so many of its messages have not reached the room's last member. Every message is acknowledged to its sender and delivered to all members.",
  async run(bench) {
    const found: { work: Case; compared: Compared[] }[] = [];
    const faults: string[] = [];
    const measure = async (work: Case, among: typeof peers, rounds: number, seconds: number) => {
      const { roomSize, people, contentBytes } = work;
      bench.say(`rooms of ${roomSize}, ${contentBytes} bytes, ${work.underWay} under way`);
      const one = await compare(bench, among, { people, roomSize, roomsEach: 1 }, loadOf(work, bench, seconds), rounds);
      found.push({ work, compared: one.compared });
      faults.push(...one.faults);
      return one;
    };
    const { compared, notes } = await measure(main, peers, bench.isQuick ? 1 : 3, 6);
    for (const work of bench.isQuick ? others.slice(0, 1) : others) {
      await measure(work, [parley, relay], bench.isQuick ? 1 : 2, 4);
    }
    const more = found.find(({ work }) => work.roomSize === 50 && work.contentBytes === 64 && work.underWay === 50);
    return {
      tables: [table("Rooms of 50, 64 bytes", found.slice(0, 1)), table("Rooms of all sizes", found.slice(1))],
      notes: [
        "Where the generator is the limit, the server could do more: its CPU a delivery is the figure to compare.",
        ...notes,
      ],
      targets: targetsOf(compared, more?.compared ?? []),
      faults,
    };
  },
};

function loadOf({ roomSize, contentBytes, underWay }: Case, bench: Bench, seconds: number) {
  return {
    roomSize,
    sendersPerRoom: 1,
    contentBytes,
    tempIds: "ordered" as const,
    load: { kind: "window" as const, perSender: underWay, until: "last" as const },
    warmUpS: bench.seconds(2),
    seconds: bench.seconds(seconds),
  };
}

const byName = (compared: readonly Compared[], name: string) => compared.find(({ peer }) => peer.name === name);
const limited = ({ peer, results }: Compared) =>
  isClientBound(results) ? `, where the generator limited the ${peer.name}` : "";

function targetsOf(compared: readonly Compared[], more: readonly Compared[]): Target[] {
  const targets: Target[] = [];
  const [own, ceiling, goHub] = ["Parley", "bare Bun relay", "Go hub"].map((name) => byName(compared, name));
  const [ownMore, ceilingMore] = ["Parley", "bare Bun relay"].map((name) => byName(more, name));
  if (own && ceiling) {
    const ratio = own.deliveriesPerS / ceiling.deliveriesPerS;
    const also =
      ownMore && ceilingMore
        ? `; with 50 messages under way in each room ${percent(ownMore.deliveriesPerS / ceilingMore.deliveriesPerS)}${limited(ceilingMore)}`
        : "";
    targets.push({
      what: "fan-out, rooms of 50, against the bare relay",
      target: "at least 80 % of its deliveries/s",
      reached: `${percent(ratio)} (${percent(mediansOf(ceiling.results).cpuPerDelivery / mediansOf(own.results).cpuPerDelivery)} by CPU a delivery${limited(ceiling)})${also}`,
      isMet: ratio >= 0.8,
    });
  }
  if (own && goHub) {
    const ratio = own.deliveriesPerS / goHub.deliveriesPerS;
    targets.push({
      what: "fan-out, rooms of 50, against the Go hub",
      target: "at least 4 × its deliveries/s",
      reached: `${ratio.toFixed(1)} ×${limited(goHub)}`,
      isMet: ratio >= 4,
    });
  }
  return targets;
}

const percent = (ratio: number) => `${Math.round(ratio * 100)} %`;

function table(title: string, found: readonly { work: Case; compared: Compared[] }[]): Table {
  return {
    title,
    columns: [
      { name: "members" },
      { name: "content", unit: "bytes" },
      { name: "under way a room" },
      { name: "server" },
      { name: "an ack means" },
      { name: "delivered", unit: "/s" },
      { name: "spread", unit: "%" },
      { name: "against the bare relay", unit: "×" },
      { name: "acked", unit: "messages/s" },
      { name: "last receiver p50", unit: "ms" },
      { name: "last receiver p99", unit: "ms" },
      { name: "CPU a message", unit: "µs" },
      { name: "CPU a delivery", unit: "µs" },
      { name: "batch", unit: "messages" },
      { name: "its cores" },
      { name: "generator's cores" },
      { name: "limited by" },
    ],
    rows: found.flatMap(({ work, compared }) => {
      const ceiling = byName(compared, relay.name)?.deliveriesPerS;
      return compared.map((one) => {
        const figures = mediansOf(one.results);
        return [
          work.roomSize,
          work.contentBytes,
          work.underWay,
          one.peer.name,
          one.peer.ack,
          Math.round(one.deliveriesPerS),
          Math.round(one.spread * 100),
          ceiling === undefined ? "" : rounded(one.deliveriesPerS / ceiling),
          Math.round(one.ackedPerS),
          figures.lastP50,
          figures.lastP99,
          figures.cpuPerMessage,
          figures.cpuPerDelivery,
          figures.batch,
          figures.peerCores,
          figures.loadCores,
          limitOf(one.results),
        ];
      });
    }),
  };
}
