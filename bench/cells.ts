import type { Cell } from "./cell.ts";
import { connectStorm } from "./cells/connect-storm.ts";
import { idleMemory } from "./cells/idle-memory.ts";
import { ingest } from "./cells/ingest.ts";

/** In the order of the report. */
export const cells: Cell[] = [ingest, connectStorm, idleMemory];
