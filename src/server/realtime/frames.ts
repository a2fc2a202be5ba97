import type { EventName, EventPayload } from "../../protocol/events.ts";
import { wireTime } from "../platform/clock.ts";

/** An event as it goes over the wire. Called once per event and node: everybody gets this very string. */
export function frame<N extends EventName>(type: N, payload: EventPayload<N>, nowMs: number, ref?: string): string {
  return JSON.stringify({ type, payload, ref, timestamp: wireTime(nowMs) });
}

/** {@link frame} of a payload that is JSON already. */
export function frameOf(type: EventName, payload: string, nowMs: number, ref?: string): string {
  const repeated = ref === undefined ? "" : `"ref":${JSON.stringify(ref)},`;
  return `{"type":"${type}","payload":${payload},${repeated}"timestamp":"${wireTime(nowMs)}"}`;
}
