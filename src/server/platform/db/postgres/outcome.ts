import { AppError } from "../../app-error.ts";
import { atMost } from "../../at-most.ts";
import type { Log } from "../../log.ts";
import { isOutOfService } from "../errors.ts";
import type { Pool } from "./pool.ts";

/** How long somebody waits until it is known whether a commit was done: who wrote is told something within ten seconds. */
const waitMs = 5_000;
const askAgainMs = 100;
/** While nobody waits any more. */
const askLaterMs = 500;

type Outcome = "committed" | "aborted";

/**
 * What became of a transaction at whose commit the connection broke. Postgres remembers every one by its number.
 * `undefined`: it did not say in time.
 */
export async function outcomeOf(pool: Pool, transactionId: string, withinMs = waitMs): Promise<Outcome | undefined> {
  const until = performance.now() + withinMs;
  let outcome: Outcome | undefined;
  const askOnce = async () => {
    const answer = await ask(pool, transactionId);
    if (answer === "committed" || answer === "aborted") outcome = answer;
  };
  for (;;) {
    await atMost(Math.max(0, until - performance.now()), askOnce());
    if (outcome !== undefined || performance.now() > until) return outcome;
    await Bun.sleep(askAgainMs);
  }
}

/**
 * Goes on to ask, for as long as it takes, when who wrote was told that nobody knows. Calls `onUntold` if it turns out that
 * the change is stored, or that nobody can tell any more: then nobody was told of it. Never rejects.
 */
export async function learnOutcome(pool: Pool, log: Log, transactionId: string, onUntold: () => void): Promise<void> {
  while (!pool.isClosed) {
    try {
      const answer = await ask(pool, transactionId);
      if (answer === "aborted") return;
      if (answer !== undefined) {
        log.warn("a change was stored that nobody was told of: everybody is told everything anew", { transactionId });
        onUntold();
        return;
      }
    } catch (error) {
      log.error("what became of a change could not be asked", { transactionId, error });
      onUntold();
      return;
    }
    await Bun.sleep(askLaterMs);
  }
}

/** `forgotten`: it is too long ago. `undefined`: it is under way, or Postgres does not answer now. */
async function ask(pool: Pool, transactionId: string): Promise<Outcome | "forgotten" | undefined> {
  try {
    const [row] = await pool.use((line) =>
      line.run(
        (sql) => sql<{ status: string | null }[]>`SELECT pg_xact_status(${transactionId}::text::xid8) AS status`,
      ),
    );
    if (row?.status === null) return "forgotten";
    return row?.status === "committed" || row?.status === "aborted" ? row.status : undefined;
  } catch (error) {
    if (isOutOfService(error) || error instanceof AppError) return undefined;
    // Its number is still to be given: Postgres crashed before it had written anything of it down.
    if (error instanceof Error && "code" in error && error.code === "22023") return "aborted";
    throw error;
  }
}
