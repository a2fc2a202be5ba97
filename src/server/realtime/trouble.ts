import { inArray } from "drizzle-orm";
import type { Context } from "../context.ts";

/** `away`: what a node says is lost. `silent`: it may be late, and nobody knows yet. */
export type Graveness = "silent" | "away";

/** The row in `settings`; its value changes whenever a node says that it is cut off, and begins with how gravely. */
const name = "bridge_trouble";
/** And the one whose value changes when a change was stored that nobody was told of. */
const untold = "untold_changes";
/** Others go on looking into the database for so long after the last word of it. */
const lastsMs = { silent: 1_500, away: 3_000 };
/** Of many nodes that are cut off, one says so at every look. */
const tellEveryMs = 300;

/** Put into words once: asked all the time by everybody. */
function stored({ db }: Pick<Context, "db">) {
  const { settings } = db.tables;
  return db.read
    .select()
    .from(settings)
    .where(inArray(settings.name, [name, untold]))
    .prepare();
}

/**
 * A node that is cut off from the bridge is not heard by the others, which notice nothing. So it says so in the database,
 * where all look every 0.4 s. Told by a change of the value, not by a time: the nodes' clocks may differ.
 */
export class Trouble {
  #value: string | null | undefined;
  #graveness: Graveness = "away";
  #changedAt = -Infinity;
  #untold: string | null | undefined;

  readonly #stored: ReturnType<typeof stored>;

  constructor(private readonly ctx: Pick<Context, "db" | "clock">) {
    this.#stored = stored(ctx);
  }

  /**
   * Whether this or another node has been cut off lately, and how gravely; `hasUntold`: and since the last look, a change
   * was stored that nobody was told of.
   */
  async look(): Promise<{ graveness: Graveness | undefined; hasUntold: boolean }> {
    const rows = await this.#stored.execute();
    const valueOf = (name: string) => rows.find((row) => row.name === name)?.value ?? null;
    const value = valueOf(name);
    const hasUntold = this.#untold !== undefined && valueOf(untold) !== this.#untold;
    this.#untold = valueOf(untold);
    const isFirst = this.#value === undefined;
    if (value !== this.#value) this.#note(value, isFirst ? -Infinity : this.ctx.clock.now());
    return { graveness: this.#isLate(lastsMs[this.#graveness]) ? this.#graveness : undefined, hasUntold };
  }

  /** Tells all nodes, unless one has done so just now, as gravely. */
  async tell(graveness: Graveness): Promise<void> {
    if (this.#isLate(tellEveryMs) && (this.#graveness === "away" || graveness === "silent")) return;
    const value = `${graveness} ${Bun.randomUUIDv7()}`;
    await this.#set(name, value);
    this.#note(value, this.ctx.clock.now());
  }

  /** Makes every node, this one too, tell everybody everything anew at its next look. */
  async tellUntold(): Promise<void> {
    await this.#set(untold, Bun.randomUUIDv7());
  }

  async #set(name: string, value: string): Promise<void> {
    const { settings } = this.ctx.db.tables;
    await this.ctx.db.write((tx) =>
      tx.insert(settings).values({ name, value }).onConflictDoUpdate({ target: settings.name, set: { value } }),
    );
  }

  #note(value: string | null, changedAt: number): void {
    this.#value = value;
    this.#graveness = value?.startsWith("silent") ? "silent" : "away";
    this.#changedAt = changedAt;
  }

  #isLate(ms: number): boolean {
    const sinceMs = this.ctx.clock.now() - this.#changedAt;
    return sinceMs >= 0 && sinceMs < ms;
  }
}
