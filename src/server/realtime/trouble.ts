import { eq } from "drizzle-orm";
import type { Context } from "../context.ts";

/** The row in `settings`; its value changes whenever a node says that it is cut off. */
const name = "bridge_trouble";
/** Others go on looking into the database for so long after the last word of it. */
const lastsMs = 3_000;
/** Of many nodes that are cut off, one a second says so. */
const tellEveryMs = 900;

/**
 * A node that is cut off from the bridge is not heard by the others, which notice nothing. So it says so in the database,
 * where all look once a second. Told by a change of the value, not by a time: the nodes' clocks may differ.
 */
export class Trouble {
  #value: string | null | undefined;
  #changedAt = -Infinity;

  constructor(private readonly ctx: Pick<Context, "db" | "clock">) {}

  /** Whether this or another node has been cut off lately. */
  async look(): Promise<boolean> {
    const { settings } = this.ctx.db.tables;
    const [row] = await this.ctx.db.read.select().from(settings).where(eq(settings.name, name));
    const value = row?.value ?? null;
    const isFirst = this.#value === undefined;
    if (value !== this.#value) this.#changedAt = isFirst ? -Infinity : this.ctx.clock.now();
    this.#value = value;
    return this.#isLate(lastsMs);
  }

  /** Tells all nodes, unless one has done so just now. */
  async tell(): Promise<void> {
    if (this.#isLate(tellEveryMs)) return;
    const { settings } = this.ctx.db.tables;
    const value = Bun.randomUUIDv7();
    await this.ctx.db.write((tx) =>
      tx.insert(settings).values({ name, value }).onConflictDoUpdate({ target: settings.name, set: { value } }),
    );
    this.#value = value;
    this.#changedAt = this.ctx.clock.now();
  }

  #isLate(ms: number): boolean {
    const sinceMs = this.ctx.clock.now() - this.#changedAt;
    return sinceMs >= 0 && sinceMs < ms;
  }
}
