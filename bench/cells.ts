import type { Cell } from "./cell.ts";
import { api } from "./cells/api.ts";
import { blocks } from "./cells/blocks.ts";
import { coldStart } from "./cells/cold-start.ts";
import { connectStorm } from "./cells/connect-storm.ts";
import { failover } from "./cells/failover.ts";
import { fanOut } from "./cells/fan-out.ts";
import { history } from "./cells/history.ts";
import { idleMemory } from "./cells/idle-memory.ts";
import { ingest } from "./cells/ingest.ts";
import { latency } from "./cells/latency.ts";
import { lobby } from "./cells/lobby.ts";
import { overload } from "./cells/overload.ts";
import { postgres } from "./cells/postgres.ts";
import { presenceStorm } from "./cells/presence-storm.ts";
import { reconnectStorm } from "./cells/reconnect-storm.ts";
import { scroll } from "./cells/scroll.ts";
import { search } from "./cells/search.ts";
import { slowReaders } from "./cells/slow-readers.ts";
import { tempIds } from "./cells/temp-ids.ts";
import { twoNodes } from "./cells/two-nodes.ts";

/** In the order of the report. */
export const cells: Cell[] = [
  ingest,
  fanOut,
  blocks,
  latency,
  connectStorm,
  reconnectStorm,
  lobby,
  tempIds,
  idleMemory,
  slowReaders,
  history,
  search,
  scroll,
  api,
  coldStart,
  postgres,
  twoNodes,
  failover,
  presenceStorm,
  overload,
];
