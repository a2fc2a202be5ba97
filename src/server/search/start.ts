import type { Context } from "../context.ts";
import { catchUp, lookEveryMs } from "./indexer.ts";

/** Begins to bring into the search index what is not in it yet, and whatever comes. */
export function startSearch(ctx: Context): void {
  ctx.jobs.everyOnOneNode("search index", lookEveryMs, () => catchUp(ctx));
}
