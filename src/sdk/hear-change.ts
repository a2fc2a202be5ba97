import { hear, mistrust } from "./progress.ts";
import type { State } from "./state.ts";

/**
 * Notes an event that changes one message. Where that one is not held but may be on its way, in an answer or a page made
 * before the change, the event would be lost on it: then it is asked for.
 */
export function hearChange(state: State, roomId: string, messageId: string, rev: number): State {
  const timeline = state.timelines[roomId];
  const heard = hear(state, roomId, rev, { aboutRoom: false });
  if (!timeline) return heard;
  const isIt = ({ id }: { id: string }) => id === messageId;
  const { page, older, newer } = timeline.loading;
  const isExpected = state.progress[roomId]?.behind === true || page || older || newer;
  if (!isExpected || timeline.messages.some(isIt) || timeline.ahead.some(isIt)) return heard;
  return mistrust(heard, roomId, rev - 1, rev);
}
