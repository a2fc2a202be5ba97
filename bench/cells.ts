import type { Cell } from "./cell.ts";
import { ingest } from "./cells/ingest.ts";

/** In the order of the report. */
export const cells: Cell[] = [ingest];
