import { z } from "zod";
import type { Context } from "../context.ts";
import { seldom } from "../platform/seldom.ts";
import { nextTurn } from "../platform/turn.ts";
import type { Choice } from "./choices.ts";
import type { Present } from "./person.ts";

/** What people do on a node is told to the others together. */
const gatherMs = 100;
/**
 * Each node says so often that it lives, and is taken for dead after so many of one's own beats without a word: together
 * less than 15 s. Counted in beats, so that neither a clock that was set nor one's own sleep takes others for dead.
 */
const beatEveryMs = 3_000;
const silentBeatsMax = 3;
/** In one message: everybody on a node may be a hundred thousand. */
const peoplePerMessage = 500;
const channel = "presence";

const chosen = z.enum(["online", "away", "busy", "invisible"]);

const personRecord = z.object({
  key: z.number(),
  id: z.string(),
  /** `null`: they have left this node. */
  activity: z.enum(["active", "idle"]).nullable(),
  /** When each of their sockets there came, the earliest first. */
  sockets: z.array(z.number()).default([]),
  chosen,
  shows_last_seen: z.boolean(),
  last_seen_at: z.number().nullable(),
});
export type PersonRecord = z.infer<typeof personRecord>;

/** `n` numbers what a node has told of its people: whoever misses one asks for all of them. */
const message = z.discriminatedUnion("kind", [
  /** `asks`: it wants to know at once how far the others are, and that it has what they told. */
  z.object({ kind: z.literal("beat"), n: z.number(), asks: z.boolean().default(false) }),
  z.object({ kind: z.literal("people"), n: z.number(), people: z.array(personRecord) }),
  /** Everybody on the node, to one that asked, in so many parts. */
  z.object({
    kind: z.literal("everybody"),
    n: z.number(),
    part: z.number(),
    parts: z.number(),
    people: z.array(personRecord),
  }),
  z.object({ kind: z.literal("ask") }),
  z.object({ kind: z.literal("choices"), key: z.number(), chosen, shows_last_seen: z.boolean() }),
]);
type Message = z.input<typeof message>;
type Heard = z.output<typeof message>;

/** The people of this node, and what becomes of those of others. */
interface Roster {
  everybody(): Iterable<Present>;
  hear(nodeId: string, record: PersonRecord): void;
  /** These people are on that node no more; `at`: when it was heard of last. */
  lose(nodeId: string, keys: Iterable<number>, at: number): void;
  /** The node tells what somebody has chosen, wherever they are. */
  learn(nodeId: string, userKey: number, choice: Choice): void;
  /** What was told meanwhile may not have been heard. */
  missed(): void;
  /** All that the node has told is known here, or it is gone. */
  settled(nodeId: string): void;
}

interface Node {
  /** Number of the last of its messages that is in; -1: none yet. */
  n: number;
  heardAt: number;
  silentBeats: number;
  readonly keys: Set<number>;
  /** While everybody is being told: who was named so far, and how many parts are in. */
  telling: { keys: Set<number>; parts: number } | undefined;
}

/**
 * The same presence on every node: each tells the others who comes to it and goes, a newcomer gets everybody from each,
 * and what was lost on the way shows at the next beat and is asked for again. A node that falls silent takes its people
 * along.
 */
export class Nodes {
  readonly #others = new Map<string, Node>();
  #changed = new Set<Present>();
  /** Whom everybody is being told; who asks again meanwhile is told from the beginning. */
  readonly #telling = new Map<string, number>();
  #tellings = 0;
  #isTimed = false;
  #n = 0;
  readonly #notUnderstood = seldom((from: string, error: unknown) =>
    this.ctx.log.warn("what another node said of its people was not understood", { from, error }),
  );

  constructor(
    private readonly ctx: Pick<Context, "bus" | "clock" | "log" | "metrics" | "onClose">,
    private readonly roster: Roster,
  ) {}

  start(): void {
    const { bus, clock, onClose } = this.ctx;
    if (!bus.mayHaveOthers) return;
    const listen = (text: string, from: string) => this.#listen(text, from);
    const ends = [
      bus.subscribe(channel, listen),
      bus.subscribe(channelOf(bus.nodeId), listen, () => this.#introduce()),
      // What was said meanwhile is lost, on both sides.
      bus.onState((state) => {
        if (state !== "connected") return;
        this.#introduce();
        this.roster.missed();
      }),
      clock.every(beatEveryMs, () => this.#beat()),
    ];
    onClose(() => ends.forEach((end) => end()));
  }

  /** Somebody of this node has changed. */
  changed(present: Present): void {
    if (this.ctx.bus.isAlone) return;
    this.#changed.add(present);
    if (this.#isTimed) return;
    this.#isTimed = true;
    this.ctx.clock.after(gatherMs, () => {
      this.#isTimed = false;
      this.#tell();
    });
  }

  tellChoice(key: number, { chosen, showsLastSeen }: Choice): void {
    if (this.ctx.bus.isAlone) return;
    this.#send(channel, { kind: "choices", key, chosen, shows_last_seen: showsLastSeen });
  }

  /** Asks a node to tell what it may not have told yet; `roster.settled` follows, also when it has died. */
  ask(nodeId: string): void {
    this.#send(channelOf(nodeId), { kind: "beat", n: this.#n, asks: true });
  }

  others(): Iterable<string> {
    return this.#others.keys();
  }

  has(nodeId: string): boolean {
    return this.#others.has(nodeId);
  }

  #introduce(): void {
    this.#send(channel, { kind: "beat", n: this.#n, asks: true });
  }

  #tell(): void {
    const changed = [...this.#changed];
    this.#changed = new Set();
    for (let at = 0; at < changed.length; at += peoplePerMessage) {
      const people = changed.slice(at, at + peoplePerMessage).map(recordOf);
      this.#send(channel, { kind: "people", n: ++this.#n, people });
    }
  }

  #beat(): void {
    this.#send(channel, { kind: "beat", n: this.#n });
    for (const [nodeId, node] of this.#others) {
      if (++node.silentBeats <= silentBeatsMax) continue;
      const { heardAt, keys } = node;
      this.ctx.log.warn("a node has fallen silent; its people are taken for gone", {
        node: nodeId,
        people: keys.size,
      });
      this.#others.delete(nodeId);
      this.roster.lose(nodeId, keys, heardAt);
      this.roster.settled(nodeId);
    }
  }

  #send(to: string, what: Message): void {
    this.ctx.bus.publish(to, JSON.stringify(what));
  }

  #listen(text: string, from: string): void {
    try {
      this.#hear(message.parse(JSON.parse(text)), from);
    } catch (error) {
      this.ctx.metrics.bridgeUnreadable.inc();
      this.#notUnderstood(from, error);
    }
  }

  #hear(said: Heard, from: string): void {
    const node = this.#known(from);
    switch (said.kind) {
      case "ask":
        void this.#tellEverybody(from);
        break;
      case "beat":
        if (said.asks) {
          this.#tell();
          this.#send(channelOf(from), { kind: "beat", n: this.#n });
        }
        // While it tells everybody, the last part says so.
        if (node.telling) break;
        if (node.n === said.n) this.roster.settled(from);
        else this.#askForAll(from);
        break;
      case "people":
        if (node.n === said.n - 1) this.#take(from, node, said);
        else this.#askForAll(from, node);
        break;
      case "everybody":
        this.#takeAll(from, node, said);
        break;
      case "choices":
        this.roster.learn(from, said.key, { chosen: said.chosen, showsLastSeen: said.shows_last_seen });
        break;
    }
  }

  #known(nodeId: string): Node {
    const heardAt = this.ctx.clock.now();
    const node = this.#others.get(nodeId);
    if (node) return Object.assign(node, { heardAt, silentBeats: 0 });
    const made: Node = { n: -1, heardAt, silentBeats: 0, keys: new Set(), telling: undefined };
    this.#others.set(nodeId, made);
    return made;
  }

  #take(from: string, node: Node, { n, people }: { n: number; people: PersonRecord[] }): void {
    node.n = n;
    for (const record of people) {
      if (record.activity) node.keys.add(record.key);
      else node.keys.delete(record.key);
      if (record.activity) node.telling?.keys.add(record.key);
      this.roster.hear(from, record);
    }
  }

  /** Whoever was not named in any part, nor has come since the first, is gone. */
  #takeAll(from: string, node: Node, said: Extract<Heard, { kind: "everybody" }>): void {
    if (said.part === 1) node.telling = { keys: new Set(), parts: 0 };
    else if (node.n !== said.n) node.telling = undefined;
    const { telling } = node;
    if (!telling || ++telling.parts !== said.part) {
      this.#askForAll(from, node);
      return;
    }
    this.#take(from, node, said);
    if (said.part < said.parts) return;
    node.telling = undefined;
    const gone = [...node.keys].filter((key) => !telling.keys.has(key));
    for (const key of gone) node.keys.delete(key);
    this.roster.lose(from, gone, node.heardAt);
    this.roster.settled(from);
  }

  /** Asked for again at the next beat if the answer is lost, for as long as nothing fits. */
  #askForAll(from: string, node?: Node): void {
    if (node) Object.assign(node, { n: -1, telling: undefined });
    this.#send(channelOf(from), { kind: "ask" });
  }

  /** A part a turn of the event loop: who changes meanwhile is told in between. */
  async #tellEverybody(to: string): Promise<void> {
    const people = [...this.roster.everybody()].filter(({ here }) => here !== undefined);
    const parts = Math.max(1, Math.ceil(people.length / peoplePerMessage));
    const telling = ++this.#tellings;
    this.#telling.set(to, telling);
    for (let part = 1; part <= parts; part++) {
      if (part > 1) await nextTurn();
      if (this.#telling.get(to) !== telling) return;
      this.#tell();
      const those = people.slice((part - 1) * peoplePerMessage, part * peoplePerMessage);
      const still = those.filter(({ here }) => here !== undefined).map(recordOf);
      this.#send(channelOf(to), { kind: "everybody", n: this.#n, part, parts, people: still });
    }
    this.#telling.delete(to);
  }
}

function channelOf(nodeId: string): string {
  return `${channel}:${nodeId}`;
}

function recordOf({ key, id, here, opened, chosen, showsLastSeen, lastSeenAt }: Present): PersonRecord {
  return {
    key,
    id,
    activity: here ?? null,
    sockets: opened ?? [],
    chosen,
    shows_last_seen: showsLastSeen,
    last_seen_at: lastSeenAt,
  };
}
