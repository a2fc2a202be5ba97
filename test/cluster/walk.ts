import type { Message, TimelineMessage } from "../../src/protocol/models.ts";
import { ApiError, ConnectionError } from "../../src/sdk/errors.ts";
import type { RoomState } from "../../src/sdk/state.ts";
import { comparable, complete } from "../faults/state-observer.ts";
import { Claims } from "../support/claims.ts";
import { until, within } from "../support/deferred.ts";
import { Journal, judge } from "../support/journal.ts";
import { randomFrom } from "../support/random.ts";
import type { Cluster } from "./cluster.ts";
import { authorsIn } from "./ear.ts";
import type { Fault } from "./faults.ts";
import { Player, Script } from "./player.ts";
import { wholeRoom } from "./whole-room.ts";
import { type Draw, pairOf, standing, type Step, type Stage } from "./steps.ts";

interface WalkOptions {
  cluster: Cluster;
  random: () => number;
  names: readonly string[];
  /** In each of them everybody takes a step. */
  rounds: number;
  steps: readonly Step[];
  faults: readonly Fault[];
  /** A folder for what everybody was sent and all nodes logged, should a promise be broken. */
  traceInto?: string | undefined;
  /** Told what happens, a line each. */
  say?: (line: string) => void;
}

/** A fault lasts for so many rounds at most. */
const faultRounds = 30;
const roundMs = { least: 50, most: 250 };
/** From the end of the last fault until everybody agrees. */
const settlesWithinMs = Number(process.env["WALK_SETTLE_MS"] ?? 30_000);

/** What may come of a step while parts of the cluster are away, or of a step that came too late. */
const tolerated = new Set(["UNAVAILABLE", "RATE_LIMITED", "FORBIDDEN", "BANNED", "BLOCKED", "MUTED", "CONFLICT"]);

function isTolerated(error: unknown): boolean {
  if (error instanceof ConnectionError) return true;
  return error instanceof ApiError && (tolerated.has(error.code) || error.code.endsWith("_NOT_FOUND"));
}

/**
 * People do what people do, on nodes that are cut off, frozen and killed meanwhile. Once everything works again and has
 * come to rest, gives what is wrong, a sentence each: the journals of all against what is stored, what was acknowledged
 * against what is there, what each was sent against what they may be sent, and what each holds against what a client
 * holds that has just come.
 */
export async function walk(options: WalkOptions): Promise<string[]> {
  const { cluster, names, rounds, random, say = () => {} } = options;
  const found: string[] = [];
  const stage = await enter(cluster, names);
  const draw = drawFrom(random);
  const busy = new Map<Player, Promise<void>>();
  let ending: { atRound: number; end: Promise<() => Promise<void>>; name: string } | undefined;
  for (let round = 0; round < rounds; round++) {
    if (ending === undefined && options.faults.length > 0 && draw.number(5) === 0) {
      const fault = weighted(options.faults, draw);
      const lasts = 1 + draw.number(faultRounds);
      say(`${round}: ${fault.name}, for ${lasts} rounds`);
      ending = { atRound: round + lasts, end: fault.begin(cluster, draw), name: fault.name };
    } else if (ending !== undefined && round >= ending.atRound) {
      say(`${round}: over`);
      await over(ending);
      ending = undefined;
    }
    for (const player of stage.players) {
      const step = weighted(options.steps, draw);
      // Of its own, so that the plan does not depend on who is quicker.
      const own = drawFrom(randomFrom(draw.number(2 ** 31)));
      if (busy.has(player)) continue;
      const taken = take(step, stage, player, own).then((fault) => {
        if (fault !== undefined) found.push(fault);
        busy.delete(player);
      });
      busy.set(player, taken);
    }
    // Who waits for a node that is frozen does not keep the others waiting.
    await Promise.all([pause(roundMs.least), Promise.race([Promise.all(busy.values()), pause(roundMs.most)])]);
  }
  if (ending) await over(ending);
  await within(Promise.all(busy.values()), () => `${busy.size} steps do not end`, settlesWithinMs);
  say("everything works again");
  found.push(...(await rest(stage)));
  found.push(...(await verdict(stage)));
  for (const { client } of stage.players) client.close();
  if (found.length > 0 && options.traceInto !== undefined) await keepTrace(options.traceInto, options, stage);
  return [...new Set(found)];
}

async function keepTrace(folder: string, { cluster }: WalkOptions, { players }: Stage): Promise<void> {
  for (const { name, id, ear } of players) await Bun.write(`${folder}/${name} ${id}.jsonl`, ear.trace.join("\n"));
  for (const { name, process: node } of cluster.nodes) await Bun.write(`${folder}/${name}.log`, node.lines.join("\n"));
}

function drawFrom(random: () => number): Draw {
  return {
    number: (below) => Math.floor(random() * below),
    of: (list) => list[Math.floor(random() * list.length)],
  };
}

async function enter(cluster: Cluster, names: readonly string[]): Promise<Stage> {
  const journal = new Journal();
  const script = new Script(journal);
  const players = names.map((name) => new Player(cluster, name, script));
  for (const player of players) await player.begin();
  const [owner] = players;
  if (!owner) throw new Error("nobody walks");
  const member_ids = players.filter((each) => each !== owner).map(({ id }) => id);
  const { rooms } = owner.client.http;
  const home = (await rooms.create({ name: "home", type: "private", member_ids })).id;
  const garden = (await rooms.create({ name: "garden", type: "private", member_ids })).id;
  const plaza = (await rooms.create({ name: "plaza", type: "public", member_ids })).id;
  for (const player of players) {
    const { client } = player;
    await until(() => client.store.getSnapshot().rooms[plaza] && client.store.getSnapshot().rooms[home], "the rooms");
    player.follow(home);
    for (const id of [home, garden, plaza]) await client.timelines.open(id);
  }
  return { players, owner, claims: new Claims(), apart: new Set(), rooms: { home, garden, plaza } };
}

async function take(step: Step, stage: Stage, player: Player, draw: Draw): Promise<string | undefined> {
  try {
    await step.run(stage, player, draw);
    return undefined;
  } catch (error) {
    if (isTolerated(error)) return undefined;
    const reason = error instanceof ApiError ? `${error.code} ${error.requestId}` : String(error);
    return `${player.name} could not ${step.name}: ${reason}`;
  }
}

async function over({ end, name }: { end: Promise<() => Promise<void>>; name: string }): Promise<void> {
  await within(
    end.then((finish) => finish()),
    () => `${name}: no end`,
    30_000,
  );
}

/** Waits until everybody holds what there is; gives what stays different. */
async function rest(stage: Stage): Promise<string[]> {
  const endMs = performance.now() + settlesWithinMs;
  const { players } = stage;
  const differences: string[] = [];
  for (const { client, name } of players) {
    const look = client.store.getSnapshot;
    // Who waits half a minute for the next try is told that the network is back, as a page is.
    if (look().connection.status === "waiting") client.connection.retryNow();
    const isAtRest = () =>
      look().connection.status === "ready" &&
      Object.values(look().pending).every((sends) =>
        sends.every(({ status }) => status === "failed" || status === "sent"),
      );
    await until(isAtRest, `${name} has sent everything`, settlesWithinMs).catch(() => {
      const { connection, pending } = look();
      const open = Object.values(pending).flat();
      differences.push(`${name} does not come to rest: ${JSON.stringify({ connection, open }).slice(0, 1_000)}`);
    });
  }
  for (const player of players) {
    for (;;) {
      const found = await differenceOf(stage, player);
      if (found.length > 0 && performance.now() < endMs) continue;
      differences.push(...found);
      break;
    }
  }
  return differences;
}

async function differenceOf(stage: Stage, player: Player): Promise<string[]> {
  const { client, name } = player;
  try {
    await complete(client);
    const afresh = await player.afresh();
    await complete(afresh);
    afresh.close();
    const { rooms } = afresh.store.getSnapshot();
    const isApart = (room: RoomState) => room.peer !== undefined && stage.apart.has(pairOf(player.id, room.peer.id));
    const held = known(comparable(client), rooms, isApart);
    const loaded = known(comparable(afresh), rooms, isApart);
    return Object.keys({ ...held, ...loaded })
      .filter((part) => !Bun.deepEquals(held[part], loaded[part]))
      .map((part) => `G4: ${name} holds other ${part}: ${firstDifference(held[part], loaded[part])}`);
  } catch (error) {
    return [`${name} cannot look: ${String(error)}`];
  }
}

/**
 * Without what a client that has just come cannot know: sends that were refused, which their author may look at, the open
 * timeline of a public room that one has left, and receipts from before a block, of which the other is not told.
 */
function known(
  { timelines, members, pins, rooms, ...rest }: ReturnType<typeof comparable>,
  present: Readonly<Record<string, unknown>>,
  isApart: (room: RoomState) => boolean,
): Record<string, unknown> {
  const ofThese = (part: unknown) =>
    Object.fromEntries(Object.entries(part as Record<string, unknown>).filter(([roomId]) => roomId in present));
  const listed = (rooms as RoomState[]).map((room) => (isApart(room) ? { ...room, cursors: undefined } : room));
  const inRooms = { timelines: ofThese(timelines), members: ofThese(members), pins: ofThese(pins) };
  return { ...rest, ...inRooms, rooms: listed, pending: [] };
}

function firstDifference(held: unknown, loaded: unknown, path = ""): string {
  const isTree = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
  if (isTree(held) && isTree(loaded)) {
    for (const key of new Set([...Object.keys(held), ...Object.keys(loaded)])) {
      if (!Bun.deepEquals(held[key], loaded[key])) return firstDifference(held[key], loaded[key], `${path}.${key}`);
    }
  }
  return `${path} is ${JSON.stringify(held)?.slice(0, 600)}, not ${JSON.stringify(loaded)?.slice(0, 600)}`;
}

async function verdict({ players, owner, claims, rooms }: Stage): Promise<string[]> {
  const { http } = owner.client;
  const { journal } = owner.script;
  const timelines = new Map<string, Message[]>();
  const members = new Map<string, Player[]>(Object.values(rooms).map((roomId) => [roomId, [owner]]));
  for (const player of players) {
    const { data } = await player.client.http.rooms.joined({ per_page: 100 });
    for (const { id } of data) members.set(id, [...(members.get(id) ?? []), player]);
  }
  for (const [roomId, readers] of members) {
    const seen = new Map<number, TimelineMessage>();
    for (const reader of readers) {
      for (const each of await wholeRoom(reader, roomId)) {
        if (!("is_hidden" in each && seen.has(each.seq))) seen.set(each.seq, each);
      }
      // Whoever blocks somebody does not see all: then the others are asked as well.
      if (![...seen.values()].some((each) => "is_hidden" in each)) break;
    }
    const whole = [...seen.values()].sort((a, b) => a.seq - b.seq);
    timelines.set(
      roomId,
      whole.flatMap((each) => ("is_hidden" in each ? [] : [each])),
    );
  }
  const found = judge(journal, timelines, { mayChange: true });
  const byId = new Map([...timelines.values()].flat().map((each) => [each.id, each]));
  const reactions = new Map<string, Awaited<ReturnType<typeof http.messages.reactors>>>();
  for (const { id } of timelines.get(rooms.home) ?? []) {
    if ((byId.get(id)?.reactions.length ?? 0) > 0) reactions.set(id, await http.messages.reactors(id));
  }
  const pins = new Set((await http.rooms.pins(rooms.home)).map((pin) => pin.id));
  const plaza = await http.rooms.get(rooms.plaza);
  found.push(
    ...claims.judge((thing) => {
      const [kind, id = "", emoji, userId] = thing.split(" ");
      const about = byId.get(id);
      if (thing === "the plaza's name") return plaza.name;
      if (about === undefined) return undefined;
      if (kind === "message") return standing(about);
      // What was deleted has neither any more.
      if (about.is_deleted || about.is_recalled) return undefined;
      if (kind === "pin") return pins.has(id) ? "there" : "gone";
      const users = reactions.get(id)?.find((each) => each.emoji === emoji)?.users ?? [];
      return users.some((user) => user.id === userId) ? "there" : "gone";
    }),
  );
  for (const { ear, client, name } of players) {
    found.push(...ear.faults);
    const shown = JSON.stringify(client.store.getSnapshot().timelines);
    for (const { author, said } of authorsIn(shown)) {
      if (ear.blockedSinceMs.has(author)) found.push(`G8: ${name} is shown ${said} of somebody blocked`);
    }
  }
  return found;
}

function weighted<T extends { weight: number }>(list: readonly T[], draw: Draw): T {
  let left = draw.number(list.reduce((sum, { weight }) => sum + weight, 0));
  for (const each of list) {
    left -= each.weight;
    if (left < 0) return each;
  }
  throw new Error("there is nothing to draw from");
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
