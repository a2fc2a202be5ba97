import type { Context } from "../context.ts";
import { startCursors } from "./cursors.ts";
import { openLane } from "./lane.ts";

/** Opens the write lane before anybody is let in. Throws `StartError`. */
export async function startTimeline(ctx: Context): Promise<void> {
  startCursors(ctx);
  await openLane(ctx);
}
