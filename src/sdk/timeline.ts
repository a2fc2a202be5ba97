import type { TimelineMessage } from "../protocol/models.ts";
import type { Timeline } from "./state.ts";

type Messages = readonly TimelineMessage[];
/** `page` replaces the window, `older` and `newer` extend it. */
export type PageKind = "page" | "older" | "newer";

/** Messages waiting before a gap; beyond this many the window starts anew with them instead. */
const aheadMax = 1_000;

export const emptyTimeline: Timeline = {
  messages: [],
  ahead: [],
  live: true,
  hasOlder: true,
  loading: { page: false, older: false, newer: false },
  error: null,
};

/** Whether no page has come yet. */
export function isBlank(timeline: Timeline | undefined): boolean {
  return !timeline || (timeline.messages.length === 0 && timeline.hasOlder);
}

/** `seq` of the window's last message; 0 of an empty window, whose room's first message then follows it. */
export function endOf({ messages, floor }: Pick<Timeline, "messages" | "floor">): number {
  return messages.at(-1)?.seq ?? floor ?? 0;
}

/**
 * Takes in a message that came live or by `sync`: in the window the version with the later `rev` stays; at its end it is
 * appended; what comes too early waits. Outside a window that does not follow the room it is none of its business.
 */
export function receive(timeline: Timeline, message: TimelineMessage, { isAnswer = false } = {}): Timeline {
  const { messages, loading, live } = timeline;
  const first = messages[0];
  const end = endOf(timeline);
  if (message.seq <= (timeline.floor ?? 0)) return timeline;
  if (first && message.seq <= end) {
    const held = messages[message.seq - first.seq];
    const isSure = isAnswer && held?.rev === message.rev && !("is_hidden" in held);
    if (!held || !(isSure || supersedes(message, held))) return timeline;
    return { ...timeline, messages: messages.with(message.seq - first.seq, message) };
  }
  if (message.seq === end + 1 && live) {
    return { ...timeline, ...absorb([...messages, message], timeline.ahead) };
  }
  if (!live && !loading.page && !loading.newer) return timeline;
  const ahead = insert(timeline.ahead, message);
  return ahead.length <= aheadMax || !live
    ? { ...timeline, ahead: ahead.slice(-aheadMax) }
    : { ...timeline, messages: contiguousTail(ahead), ahead: [], hasOlder: true };
}

/**
 * Joins a page of history to the window. A page that no longer touches it, because it was replaced meanwhile, is dropped.
 * `lastSeq` is the room's newest message as far as is known; null for a room one is not in, where the page itself has to
 * say whether newer ones exist.
 */
export function addPage(
  timeline: Timeline,
  kind: PageKind,
  page: Messages,
  { lastSeq, hasNewer }: { lastSeq: number | null; hasNewer: boolean },
): Timeline {
  const settled: Timeline = { ...timeline, loading: { ...timeline.loading, [kind]: false }, error: null };
  const floor = timeline.floor ?? 0;
  const shown = floor > 0 ? page.filter(({ seq }) => seq > floor) : page;
  const joined = union(timeline.messages, shown) ?? (kind === "page" ? shown : null);
  if (joined === null) return settled;
  // Messages held from before stay only where no gap lies between them and the page.
  const { messages, ahead } = absorb(joined, timeline.ahead);
  const end = endOf({ messages, floor });
  const live = kind === "older" ? timeline.live : lastSeq === null ? !hasNewer : end >= lastSeq;
  const following = live || settled.loading.page || settled.loading.newer;
  const exhausted = kind === "older" && page.length === 0;
  const hasOlder = (messages[0]?.seq ?? floor + 1) > floor + 1 && !exhausted;
  return { ...settled, messages, ahead: following ? ahead : [], live, hasOlder };
}

/** Lets go of all but the newest `keep` messages of a window that follows the room. */
export function trim(timeline: Timeline, keep: number): Timeline {
  if (!timeline.live || timeline.messages.length <= keep) return timeline;
  return { ...timeline, messages: timeline.messages.slice(-keep), hasOlder: true };
}

/** Lets go of all but `count` messages around `seq`. A window that lost its end no longer follows the room. */
export function trimAround(timeline: Timeline, seq: number, count: number): Timeline {
  const { messages } = timeline;
  const at = seq - (messages[0]?.seq ?? seq);
  const start = Math.max(0, Math.min(at - Math.ceil(count / 2), messages.length - count));
  const kept = messages.slice(start, start + count);
  if (kept.length === 0 || kept.length === messages.length) return timeline;
  const isWhole = start + count >= messages.length;
  const trimmed = { ...timeline, messages: kept, hasOlder: timeline.hasOlder || start > 0 };
  return isWhole ? trimmed : { ...trimmed, live: false, ahead: [] };
}

/** Whether this is a later version of a message than the one held. Hiding takes no `rev`. */
export function supersedes(message: TimelineMessage, held: TimelineMessage): boolean {
  return message.rev > held.rev || (message.rev === held.rev && "is_hidden" in message && !("is_hidden" in held));
}

/** The later version of one message; the held one when they are the same, so that nothing is drawn again. */
function later(held: TimelineMessage | undefined, other: TimelineMessage): TimelineMessage {
  return held !== undefined && !supersedes(other, held) ? held : other;
}

/** Both windows as one; null when there is a gap between them. */
function union(held: Messages, page: Messages): Messages | null {
  const [firstHeld, firstPage] = [held[0], page[0]];
  if (!firstHeld) return page;
  if (!firstPage) return held;
  if (firstPage.seq > endOf({ messages: held }) + 1 || firstHeld.seq > endOf({ messages: page }) + 1) return null;
  const start = Math.min(firstHeld.seq, firstPage.seq);
  const joined: TimelineMessage[] = [];
  for (const message of firstHeld.seq === start ? held : page) joined.push(message);
  for (const message of firstHeld.seq === start ? page : held) {
    joined[message.seq - start] = later(joined[message.seq - start], message);
  }
  return joined;
}

/** Moves what now touches the end of the window from `ahead` into it. */
function absorb(messages: Messages, ahead: Messages): { messages: Messages; ahead: Messages } {
  if (ahead.length === 0) return { messages, ahead };
  const joined = [...messages];
  let taken = 0;
  for (const message of ahead) {
    const next = (joined.at(-1)?.seq ?? 0) + 1;
    if (message.seq > next) break;
    const index = message.seq - (joined[0]?.seq ?? message.seq);
    if (index >= 0) joined[index] = later(joined[index], message);
    taken++;
  }
  return { messages: joined, ahead: ahead.slice(taken) };
}

function insert(ahead: Messages, message: TimelineMessage): Messages {
  const at = ahead.findIndex(({ seq }) => seq >= message.seq);
  if (at === -1) return [...ahead, message];
  const held = ahead[at];
  return held?.seq === message.seq ? ahead.with(at, later(held, message)) : ahead.toSpliced(at, 0, message);
}

function contiguousTail(messages: Messages): Messages {
  let start = messages.length - 1;
  while (start > 0 && messages[start - 1]?.seq === (messages[start]?.seq ?? 0) - 1) start--;
  return messages.slice(start);
}
