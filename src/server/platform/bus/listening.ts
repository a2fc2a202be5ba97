import type { z } from "zod";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import { seldom } from "../seldom.ts";

interface ListeningOptions {
  metrics: Pick<Metrics, "bridgeUnreadable">;
  log: Log;
}

/**
 * A listener for what other nodes say in JSON. Fields that this version does not know are left out, words that it does not
 * know are counted, named in the log once a minute, and passed over.
 */
export function listening<T>(
  schema: z.ZodType<T>,
  { metrics, log }: ListeningOptions,
  hear: (said: T, from: string) => void,
): (text: string, from: string) => void {
  const notUnderstood = seldom((from: string, error: unknown) =>
    log.warn("what another node said was not understood", { from, error }),
  );
  return (text, from) => {
    let said: T;
    try {
      said = schema.parse(JSON.parse(text));
    } catch (error) {
      metrics.bridgeUnreadable.inc();
      notUnderstood(from, error);
      return;
    }
    hear(said, from);
  };
}
