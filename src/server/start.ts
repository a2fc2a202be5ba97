import type { Config } from "./config.ts";
import { atMost } from "./platform/at-most.ts";
import { startLogging } from "./platform/log-setup.ts";
import { named } from "./platform/log.ts";
import { giveBackMemory, watchIdleness } from "./platform/spare-memory.ts";
import { type RunningServer, serve } from "./serve.ts";

/** A stop that takes longer, after the drain, is ended. */
const stopMs = 10_000;
/** Who is left alone for so long after the start does not need what was compiled for it. */
const settledMs = 2_500;

/**
 * The server as a process: logs, serves until a signal or a fatal error, stops in order, and gives the exit code. A
 * second signal ends it at once. Throws `StartError`.
 *
 * What nobody caught: a rejection is a result that nobody waited for; it is logged, and the server goes on. An exception
 * broke off a callback somewhere in the middle, so nothing is certain any more; the server stops in order and ends with 1,
 * for its supervisor to start it again. Clients lose nothing by that: whatever was acknowledged is on disk.
 */
export async function runServer(config: Config): Promise<number> {
  const logging = await startLogging({ level: config.logLevel, format: config.logFormat, file: config.logFile });
  const log = named("server");
  const failed = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let code = 0;
  const fail = (message: string, error: unknown) => {
    log.fatal(message, { error });
    code = 1;
    failed.resolve();
  };
  process.on("unhandledRejection", (error) => log.error("a rejection was not handled", { error }));
  process.on("uncaughtException", (error) => fail("an exception was not caught", error));
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      if (++signals > 1) process.exit(1);
      log.info("stopping", { signal });
      asked.resolve();
    });
  }
  let server: RunningServer;
  try {
    server = await serve(config, { logging, fatal: (error) => fail("the server cannot go on", error) });
  } catch (error) {
    await logging.close();
    throw error;
  }
  const isIdle = watchIdleness();
  const settling = setTimeout(() => isIdle() && giveBackMemory({ isIdle: true }), settledMs);
  await Promise.race([asked.promise, failed.promise]);
  clearTimeout(settling);
  if (code === 0 && config.drainDelayMs > 0) {
    server.drain();
    await atMost(config.drainDelayMs, failed.promise);
  }
  const deadline = setTimeout(() => process.exit(1), stopMs);
  await server.stop().catch((error: unknown) => log.error("the server did not end in order", { error }));
  await logging.close();
  clearTimeout(deadline);
  return code;
}
