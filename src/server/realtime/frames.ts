import type { EventName, EventPayload } from "../../protocol/events.ts";
import { wireTime } from "../platform/clock.ts";

/** An event as it goes over the wire. Called once per event and node: everybody gets this very string. */
export function frame<N extends EventName>(type: N, payload: EventPayload<N>, nowMs: number, ref?: string): string {
  return JSON.stringify({ type, payload, ref, timestamp: wireTime(nowMs) });
}

/** {@link frame} of a payload that is JSON already. */
export function frameOf(type: EventName, payload: string, nowMs: number): string {
  return `{"type":"${type}","payload":${payload},"timestamp":"${wireTime(nowMs)}"}`;
}
