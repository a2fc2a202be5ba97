import { perContext, type Context } from "../context.ts";
import type { LibsqlDatabase, PostgresDatabase } from "../platform/db/database.ts";
import { nextTurn } from "../platform/turn.ts";
import { DecidedKeys } from "../timeline/decided-keys.ts";
import { noter } from "./noter.ts";
import { committedBetween, lastMessageKey, notedKey, toldOf } from "./progress-store.ts";

/** Looked at in one query: some milliseconds of the event loop on libSQL. */
const keysPerLook = 5_000;
/** Of what was never told, older messages than these are left alone: nobody wants to hear of them any more. */
const keysMax = 500_000;

/**
 * Sees to it that what was committed is told, whatever happened between: by a key up to which all was. On libSQL every
 * message of the file goes through this process, so that it only has to look after a crash or too much at once. On
 * Postgres other nodes write too: there it looks at all that came, and passes over what was told.
 */
class CatchUp {
  #noted: number | undefined;
  readonly #next: () => Promise<void>;

  constructor(private readonly ctx: Context) {
    const { db } = ctx;
    this.#next = db.dialect === "libsql" ? this.#onLibsql(db) : this.#onPostgres(db);
  }

  /** Looks for what was not told, and notes how far all is. */
  async run(): Promise<void> {
    await this.#next();
  }

  #onLibsql(db: LibsqlDatabase): () => Promise<void> {
    return async () => {
      const queue = noter(this.ctx);
      const isFirst = this.#noted === undefined;
      this.#noted ??= await notedKey(this.ctx, await lastMessageKey(this.ctx));
      if (!isFirst && !queue.hasLost && (await lastMessageKey(this.ctx)) === this.#noted) return;
      // Whoever has the writers' lock finds no batch in flight, and what is committed told to this process.
      const upTo = await db.writers.run(() => lastMessageKey(this.ctx));
      if (isFirst || queue.hasLost) {
        queue.hasLost = false;
        await this.#look(this.#noted, upTo);
      }
      queue.add({ what: "noted", key: upTo });
      await queue.idle();
      if (!queue.hasLost) this.#noted = upTo;
    };
  }

  #onPostgres(db: PostgresDatabase): () => Promise<void> {
    const keys = new DecidedKeys(db);
    return async () => {
      const queue = noter(this.ctx);
      const { decidedKey, lastKey } = await keys.next();
      // Another node may have gone further meanwhile.
      const from = await notedKey(this.ctx, lastKey);
      if (decidedKey <= from) return;
      queue.hasLost = false;
      await this.#look(from, decidedKey);
      queue.add({ what: "noted", key: decidedKey });
      await queue.idle();
    };
  }

  /** Hands on what lies between and was not told. */
  async #look(from: number, upTo: number): Promise<void> {
    const queue = noter(this.ctx);
    for (let at = Math.max(from, upTo - keysMax); at < upTo; at += keysPerLook) {
      const found = await committedBetween(this.ctx, at, Math.min(upTo, at + keysPerLook));
      const told = await toldOf(
        this.ctx,
        found.map(({ messageId }) => messageId),
      );
      for (const message of found) if (!told.has(message.messageId)) queue.add({ what: "message", message });
      // Not more than the queue takes.
      if (found.length > 0) await queue.idle();
      await nextTurn();
    }
  }
}

export const catchUp = perContext((ctx) => new CatchUp(ctx));
