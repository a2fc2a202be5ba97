import type { Context } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { isConnectionLost, isContention, isOutOfService } from "../platform/db/errors.ts";
import type { Appended, NewMessage } from "./append.ts";

/** While it is not known what became of a batch it is asked this often, and who waits behind it is refused. */
const askAgainMs = { first: 20, most: 500 };

interface DecidedOptions {
  /** Stores a batch; offered one again, it tells of each of its messages that was stored what it would have told then. */
  append: (jobs: NewMessage[]) => Promise<Appended[]>;
  /** Refuses who waits behind the batch. */
  shed: () => void;
  /** The database will not be asked any more: what is in doubt stays so. */
  isClosing: () => boolean;
}

/**
 * A batch whose connection broke may be stored or not. Neither may be said before it is known: what is stored must be
 * shown to the room, and a person whose message was refused would write it once more. So it is offered again until the
 * database answers, which stores each of its messages once.
 */
export async function commitDecided(
  ctx: Context,
  jobs: NewMessage[],
  { append, shed, isClosing }: DecidedOptions,
): Promise<Appended[]> {
  let isInDoubt = false;
  for (let delayMs = 0; ; delayMs = Math.min(Math.max(delayMs * 2, askAgainMs.first), askAgainMs.most)) {
    if (delayMs > 0) await Bun.sleep(delayMs);
    try {
      return await append(jobs);
    } catch (error) {
      if (!isInDoubt && isConnectionLost(error)) {
        ctx.log.warn("the connection was lost while messages were stored; asking what became of them", {
          messages: jobs.length,
        });
      }
      isInDoubt ||= isConnectionLost(error);
      if (isInDoubt && isOutOfService(error) && !isClosing()) {
        shed();
        continue;
      }
      if (!isOutOfService(error) && !isContention(error)) throw error;
      // Nothing of it was stored, and sending again is harmless. That the database is away is in the log already.
      throw new AppError("UNAVAILABLE", { retryAfterMs: 1_000 });
    }
  }
}
