import type { Context } from "../context.ts";
import { purgeMessages } from "./purge.ts";

const purgeEveryMs = 30_000;
const purge = "purge messages";

/** The periodic work of messages, and what they do when something happens in rooms. */
export function startMessages(ctx: Context): void {
  ctx.happenings.on("purge_requested", () => void ctx.jobs.run(purge, () => purgeMessages(ctx)));
  // What a crash, or a run that was under way already, has left over.
  ctx.jobs.everyOnOneNode(purge, purgeEveryMs, () => purgeMessages(ctx));
  void ctx.jobs.run(purge, () => purgeMessages(ctx));
}
