import type { EventName, EventPayload } from "../../protocol/events.ts";
import { wireTime } from "../platform/clock.ts";

let lastMs = 0;
let lastTime = "";

/** Many frames leave in the same millisecond: its text is made once. */
function timestamp(nowMs: number): string {
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastTime = wireTime(nowMs);
  }
  return lastTime;
}

/** An event as it goes over the wire. Called once per event and node: everybody gets this very string. */
export function frame<N extends EventName>(type: N, payload: EventPayload<N>, nowMs: number, ref?: string): string {
  return JSON.stringify({ type, payload, ref, timestamp: timestamp(nowMs) });
}
