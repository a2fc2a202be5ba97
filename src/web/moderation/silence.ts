import { useEffect, useState } from "react";
import type { RoomState, State } from "../../sdk/state.ts";
import { useParley } from "../app/parley.ts";
import type { Dictionary } from "../i18n/en.ts";
import { isSlowed } from "../rooms/rights.ts";
import { muteEnd } from "../timeline/system-text.ts";

/** A timer cannot be set for longer: what lasts longer is looked at again then. */
const longestMs = 2 ** 31 - 1;

/** Draws anew when `atMs` has come; null: never. */
function useMoment(atMs: number | null): void {
  const [, setTimes] = useState(0);
  useEffect(() => {
    if (atMs === null) return undefined;
    const timer = setTimeout(() => setTimes((times) => times + 1), Math.min(Math.max(0, atMs - Date.now()), longestMs));
    return () => clearTimeout(timer);
  });
}

/** Why one may not write in a room now, in words: muted until then; null: one may. */
export function useMuted(room: RoomState, text: Dictionary): string | null {
  const until = room.muted_until;
  const untilMs = until === null ? null : Date.parse(until);
  const isMuted = untilMs !== null && untilMs > Date.now();
  useMoment(isMuted ? untilMs : null);
  if (!isMuted || until === null) return null;
  const end = muteEnd(until);
  return end === "" ? text.moderation.mutedForGood : text.moderation.mutedUntil(end);
}

/** Seconds until slow mode lets one write again; 0: now. */
export function useSlowMode(room: RoomState): number {
  const me = useParley((state) => state.me);
  const lastAt = useParley((state) => (isSlowed(room, state.me) ? lastSendOf(state, room.id) : null));
  const freeAtMs = lastAt === null || !isSlowed(room, me) ? 0 : Date.parse(lastAt) + room.slow_mode_s * 1_000;
  const leftMs = freeAtMs - Date.now();
  useMoment(leftMs > 0 ? Date.now() + (leftMs % 1_000 || 1_000) : null);
  return leftMs > 0 ? Math.ceil(leftMs / 1_000) : 0;
}

/** When one wrote in a room last, as far as it is held here. */
function lastSendOf({ me, timelines, pending }: State, roomId: string): string | null {
  const waiting = pending[roomId]?.findLast(({ status }) => status !== "failed");
  if (waiting) return waiting.created_at;
  const own = timelines[roomId]?.messages.findLast(
    (message) => !("is_hidden" in message) && message.type !== "system" && message.sender.id === me?.id,
  );
  return own && !("is_hidden" in own) ? own.created_at : null;
}
