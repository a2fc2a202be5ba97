import { and, ne, notInArray } from "drizzle-orm";
import { z } from "zod";
import type { Context } from "../context.ts";
import { startsWith } from "../platform/db/like.ts";

/** Where each node writes, in `settings`. */
const prefix = "bridge_news:";
/** What it wrote last stands there for so many times more, for whoever looks late. */
const listsKept = 10;
/** Those to whom something was told are remembered for at least so long: that nobody hears of it shows late. */
export const rememberedMs = 5_000;
/** While it may be needed it is written so often. */
export const writeEveryMs = 500;
/** Remembered of one generation (G7): of more than these it is only known that there were more. */
const namesMax = 50_000;

/** Of one time of trouble; `last` numbers the latest list; `null` in place of one: too many to name. */
const bulletin = z.object({ of: z.string(), last: z.number(), lists: z.array(z.array(z.string()).nullable()) });
type Lists = z.infer<typeof bulletin>["lists"];

const room = "room:";
const user = "user:";

/** To whom something was told. */
export interface Named {
  readonly rooms: ReadonlySet<string>;
  readonly people: ReadonlySet<string>;
}

/**
 * The rooms and people to whom something is told, by way of the database while the bridge may not carry it. So nodes that
 * hear nothing need not compare all of theirs with it, of which most are silent.
 */
export class Bulletin {
  /** To whom this node has told something, lately and before: `room:<id>` or `user:<id>`. */
  #young = new Set<string>();
  #old = new Set<string>();
  /** Those that have yet to be written; `undefined`: nothing is being written. */
  #unwritten: Set<string> | undefined;
  #of = "";
  #lists: Lists = [];
  #last = 0;
  /** How far the bulletins of others are read. */
  readonly #read = new Map<string, number>();

  constructor(private readonly ctx: Pick<Context, "db" | "bus">) {}

  /** Something was told to a room, `room:<id>`, or a person, `user:<id>`. */
  note(name: string): void {
    if (this.#young.size <= namesMax) this.#young.add(name);
    if (this.#unwritten && this.#unwritten.size <= namesMax) this.#unwritten.add(name);
  }

  /** Forgets to whom nothing was told for a while. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Set();
  }

  /** Begins with what may have been told in vain before anybody knew; false: it has begun. */
  begin(): boolean {
    if (this.#unwritten) return false;
    this.#unwritten = this.#old.union(this.#young);
    this.#of = Bun.randomUUIDv7();
    this.#lists = [];
    this.#last = 0;
    return true;
  }

  /** Writes what happened since it was written last. */
  async write(): Promise<void> {
    const names = this.#unwritten;
    if (!names || names.size === 0) return;
    this.#unwritten = new Set();
    const { db } = this.ctx;
    const lists = [...this.#lists, names.size > namesMax ? null : [...names]].slice(-listsKept);
    const name = this.#own;
    const written: z.input<typeof bulletin> = { of: this.#of, last: this.#last + 1, lists };
    const value = JSON.stringify(written);
    const { settings } = db.tables;
    try {
      await db.write((tx) =>
        tx.insert(settings).values({ name, value }).onConflictDoUpdate({ target: settings.name, set: { value } }),
      );
      this.#lists = lists;
      this.#last++;
    } catch (error) {
      this.#unwritten = this.#unwritten?.union(names);
      throw error;
    }
  }

  /** Whom other nodes have named since this was asked last; `undefined`: anybody may be among them. */
  async read(): Promise<Named | undefined> {
    const { db } = this.ctx;
    const { settings } = db.tables;
    const rows = await db.read
      .select()
      .from(settings)
      .where(and(startsWith(settings.name, prefix), ne(settings.name, this.#own)));
    const named = { rooms: new Set<string>(), people: new Set<string>() };
    let isWhole = true;
    for (const { value } of rows) {
      const { of, last, lists } = bulletin.parse(JSON.parse(value));
      const first = last - lists.length + 1;
      const next = (this.#read.get(of) ?? 0) + 1;
      this.#read.set(of, last);
      if (next < first) isWhole = false;
      for (const list of lists.slice(Math.max(0, next - first))) {
        if (list === null) isWhole = false;
        for (const name of list ?? []) {
          if (name.startsWith(room)) named.rooms.add(name.slice(room.length));
          else if (name.startsWith(user)) named.people.add(name.slice(user.length));
        }
      }
    }
    return isWhole ? named : undefined;
  }

  get #own(): string {
    return `${prefix}${this.ctx.bus.nodeId}`;
  }

  /** The bridge carries everything again. What a node has left that is gone goes as well. */
  async end(): Promise<void> {
    if (!this.#unwritten) return;
    this.#unwritten = undefined;
    this.#read.clear();
    const { db, bus } = this.ctx;
    const { settings } = db.tables;
    const others = bus.neighbours().map((nodeId) => `${prefix}${nodeId}`);
    await db.write((tx) =>
      tx.delete(settings).where(and(startsWith(settings.name, prefix), notInArray(settings.name, others))),
    );
  }
}
