import { getLogger, type Logger } from "@logtape/logtape";

/** A named logger: `log.info("message", { field })`. Messages are constants; what varies goes into fields, never a secret. */
export type Log = Logger;

/** The logger of one part of the server, e.g. `named("mail")`. */
export function named(part: string): Log {
  return getLogger(["parley", part]);
}
