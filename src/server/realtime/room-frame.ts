import { z } from "zod";
import { events } from "../../protocol/events.ts";
import type { EventName } from "../../protocol/events.ts";
import type { Reaction } from "../context.ts";
import { hiddenForm } from "../timeline/for-viewer.ts";

/** Whose doing an event is, as far as it is hidden from whoever has blocked them. */
export interface Authors {
  readonly by?: string | undefined;
  /** Whose message it quotes. */
  readonly quotes?: string | undefined;
  /** Of the reactions that it counts, those by people whom somebody has blocked. */
  readonly blocked?: readonly Reaction[] | undefined;
}

const numbered = z.looseObject({
  id: z.string().optional(),
  room_id: z.string(),
  seq: z.number().optional(),
  rev: z.number().optional(),
  message_id: z.string().optional(),
});
const parsedFrame = z.looseObject({
  type: z.custom<EventName>((type) => typeof type === "string" && Object.hasOwn(events, type)),
  payload: numbered,
});

/** What an event may say of reactions: of one kind, or of all of a message. */
const counting = z.looseObject({
  payload: z.looseObject({
    emoji: z.string().optional(),
    count: z.number().optional(),
    reactions: z.array(z.looseObject({ emoji: z.string(), count: z.number() })).optional(),
  }),
});

/** An event of a room on its way to those who are in it; most are read by nobody but as `text`. */
export class RoomFrame {
  readonly by: string | undefined;
  readonly quotes: string | undefined;
  readonly blocked: readonly Reaction[];
  #hidden: string | null | undefined;
  #unquoted: string | undefined;

  constructor(
    readonly text: string,
    authors?: Authors,
    /** Only for those who are there at this moment: unseen by whom its author has blocked, too. */
    readonly isPassing = false,
  ) {
    this.by = authors?.by;
    this.quotes = authors?.quotes;
    this.blocked = authors?.blocked ?? none;
  }

  /** What those get in its place who see nothing of its author; `null`: nothing. */
  get hidden(): string | null {
    return (this.#hidden ??= this.isPassing ? null : hiddenText(this.text));
  }

  /** The same without what it quotes. */
  get unquoted(): string {
    return (this.#unquoted ??= unquotedText(this.text));
  }

  /** The event for one who does not see the reactions of `hidden`, nor, unless `seesQuotation`, what it quotes. */
  without(hidden: ReadonlySet<string>, seesQuotation: boolean): string {
    const text = seesQuotation ? this.text : this.unquoted;
    const uncounted = this.blocked.filter(({ by }) => hidden.has(by)).map(({ emoji }) => emoji);
    return uncounted.length === 0 ? text : recounted(text, uncounted);
  }
}

const none: readonly Reaction[] = [];

function hiddenText(text: string): string | null {
  const frame = parsedFrame.parse(JSON.parse(text));
  const { id, room_id, seq, rev, message_id } = frame.payload;
  if (rev === undefined) return null;
  if ("hidden" in events[frame.type] && id !== undefined && seq !== undefined) {
    return JSON.stringify({ ...frame, payload: hiddenForm({ id, room_id, seq, rev }) });
  }
  return JSON.stringify({ ...frame, type: "room_advanced", payload: { room_id, message_id, rev } });
}

/** The event without as many reactions of each kind as it is named in `uncounted`. */
function recounted(text: string, uncounted: readonly string[]): string {
  const frame = counting.parse(JSON.parse(text));
  const left = (emoji: string, count: number) => count - uncounted.filter((each) => each === emoji).length;
  const { emoji, count, reactions } = frame.payload;
  const payload = {
    ...frame.payload,
    ...(emoji !== undefined && count !== undefined && { count: left(emoji, count) }),
    ...(reactions && {
      reactions: reactions.flatMap((each) => {
        const count = left(each.emoji, each.count);
        return count > 0 ? [{ ...each, count }] : [];
      }),
    }),
  };
  return JSON.stringify({ ...frame, payload });
}

function unquotedText(text: string): string {
  const frame = parsedFrame.parse(JSON.parse(text));
  return JSON.stringify({ ...frame, payload: { ...frame.payload, reply_to: null } });
}
