import { z } from "zod";
import type { Context } from "../context.ts";
import type { ChosenStatus, Present } from "./person.ts";

/** What people do on a node is told to the others together. */
const gatherMs = 100;
/** Each node says so often that it lives, and is taken for dead after this much silence: together less than 15 s. */
const beatEveryMs = 3_000;
const deadAfterMs = 9_000;
const channel = "presence";

const chosen = z.enum(["online", "away", "busy", "invisible"]);

const personRecord = z.object({
  key: z.number(),
  id: z.string(),
  /** `null`: they have left this node. */
  activity: z.enum(["active", "idle"]).nullable(),
  chosen,
  shows_last_seen: z.boolean(),
  last_seen_at: z.number().nullable(),
});
export type PersonRecord = z.infer<typeof personRecord>;

/** `n` numbers what a node has told of its people: whoever misses one asks for all of them. */
const message = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("hello") }),
  z.object({ kind: z.literal("beat"), n: z.number() }),
  z.object({ kind: z.literal("people"), n: z.number(), people: z.array(personRecord) }),
  /** Everybody on the node, to one that asked. */
  z.object({ kind: z.literal("everybody"), n: z.number(), people: z.array(personRecord) }),
  z.object({ kind: z.literal("ask") }),
  z.object({ kind: z.literal("choices"), key: z.number(), chosen, shows_last_seen: z.boolean() }),
]);
type Message = z.infer<typeof message>;

/** The people of this node, and what becomes of those of others. */
interface Roster {
  everybody(): Iterable<Present>;
  hear(nodeId: string, record: PersonRecord): void;
  /** These people are on that node no more; `at`: when it was heard of last. */
  lose(nodeId: string, keys: Iterable<number>, at: number): void;
  learn(userKey: number, choices: { chosen: ChosenStatus; showsLastSeen: boolean }): void;
}

interface Node {
  /** Number of the last of its messages that is in; -1: none yet. */
  n: number;
  heardAt: number;
  readonly keys: Set<number>;
}

/**
 * The same presence on every node: each tells the others who comes to it and goes, a newcomer gets everybody from each,
 * and what was lost on the way shows at the next beat and is asked for again. A node that falls silent takes its people
 * along.
 */
export class Nodes {
  readonly #others = new Map<string, Node>();
  #changed = new Set<Present>();
  #isTimed = false;
  #n = 0;

  constructor(
    private readonly ctx: Pick<Context, "bus" | "clock" | "log" | "onClose">,
    private readonly roster: Roster,
  ) {}

  start(): void {
    const { bus, clock, onClose } = this.ctx;
    if (!bus.mayHaveOthers) return;
    const listen = (text: string, from: string) => this.#listen(text, from);
    const ends = [
      bus.subscribe(channel, listen),
      bus.subscribe(channelOf(bus.nodeId), listen),
      clock.every(beatEveryMs, () => this.#beat()),
    ];
    onClose(() => ends.forEach((end) => end()));
    this.#send(channel, { kind: "hello" });
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

  tellChoices(key: number, choices: { chosen: ChosenStatus; showsLastSeen: boolean }): void {
    if (this.ctx.bus.isAlone) return;
    this.#send(channel, { kind: "choices", key, chosen: choices.chosen, shows_last_seen: choices.showsLastSeen });
  }

  #tell(): void {
    if (this.#changed.size === 0) return;
    const people = [...this.#changed].map(recordOf);
    this.#changed = new Set();
    this.#send(channel, { kind: "people", n: ++this.#n, people });
  }

  #beat(): void {
    this.#send(channel, { kind: "beat", n: this.#n });
    const { clock, log } = this.ctx;
    for (const [nodeId, { heardAt, keys }] of this.#others) {
      if (clock.now() - heardAt <= deadAfterMs) continue;
      log.warn("a node has fallen silent; its people are taken for gone", { node: nodeId, people: keys.size });
      this.#others.delete(nodeId);
      this.roster.lose(nodeId, keys, heardAt);
    }
  }

  #send(to: string, what: Message): void {
    this.ctx.bus.publish(to, JSON.stringify(what));
  }

  #listen(text: string, from: string): void {
    try {
      this.#hear(message.parse(JSON.parse(text)), from);
    } catch (error) {
      this.ctx.log.warn("what another node said of its people was not understood", { from, error });
    }
  }

  #hear(said: Message, from: string): void {
    const node = this.#others.get(from);
    if (node) node.heardAt = this.ctx.clock.now();
    switch (said.kind) {
      case "hello":
        // It has begun anew: what it told before is over.
        if (node) this.roster.lose(from, node.keys, node.heardAt);
        this.#others.set(from, { n: 0, heardAt: this.ctx.clock.now(), keys: new Set() });
        this.#tellEverybody(from);
        break;
      case "ask":
        this.#tellEverybody(from);
        break;
      case "beat":
        if (node?.n !== said.n) this.#ask(from, node);
        break;
      case "people":
        if (node?.n === said.n - 1) this.#take(from, node, said);
        else this.#ask(from, node);
        break;
      case "everybody": {
        const known = node ?? { n: -1, heardAt: this.ctx.clock.now(), keys: new Set<number>() };
        this.#others.set(from, known);
        const present = new Set(said.people.map(({ key }) => key));
        const gone = [...known.keys].filter((key) => !present.has(key));
        for (const key of gone) known.keys.delete(key);
        this.roster.lose(from, gone, known.heardAt);
        this.#take(from, known, said);
        break;
      }
      case "choices":
        this.roster.learn(said.key, { chosen: said.chosen, showsLastSeen: said.shows_last_seen });
        break;
    }
  }

  #take(from: string, node: Node, { n, people }: { n: number; people: PersonRecord[] }): void {
    node.n = n;
    for (const record of people) {
      if (record.activity) node.keys.add(record.key);
      else node.keys.delete(record.key);
      this.roster.hear(from, record);
    }
  }

  /** Asked for again at the next beat if the answer is lost, for as long as nothing fits. */
  #ask(from: string, node: Node | undefined): void {
    if (!node) this.#others.set(from, { n: -1, heardAt: this.ctx.clock.now(), keys: new Set() });
    this.#send(channelOf(from), { kind: "ask" });
  }

  #tellEverybody(to: string): void {
    this.#tell();
    const people = [...this.roster.everybody()].filter(({ here }) => here !== undefined).map(recordOf);
    this.#send(channelOf(to), { kind: "everybody", n: this.#n, people });
  }
}

function channelOf(nodeId: string): string {
  return `${channel}:${nodeId}`;
}

function recordOf({ key, id, here, chosen, showsLastSeen, lastSeenAt }: Present): PersonRecord {
  return { key, id, activity: here ?? null, chosen, shows_last_seen: showsLastSeen, last_seen_at: lastSeenAt };
}
