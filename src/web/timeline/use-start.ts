import { useEffect, useEffectEvent, useRef, useState } from "react";
import { ApiError } from "../../sdk/errors.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { currentText } from "../i18n/use-text.ts";
import { navigate } from "../routing/router.ts";
import { paths } from "../routing/place.ts";
import { type Anchor, anchorOf } from "./anchors.ts";
import type { Start } from "./start.ts";

interface StartInput {
  roomId: string;
  /** Where one had read to when the room was opened; null when all was read. */
  readSeq: number | null;
  /** The message that the page's address names. */
  messageId: string | null;
  /** Whether something stands beside the conversation, which takes the place of the message in the address. */
  isAside: boolean;
}

/** Where the list begins. `nth` rises with every jump: the list is then another one. */
interface Opening {
  readonly start: Start;
  readonly nth: number;
}

/** Where a timeline opens, where one jumps to from there, and the way back. */
export function useStart({ roomId, readSeq, messageId, isAside }: StartInput) {
  const [opening, setOpening] = useState<Opening | null>(null);
  const [origin, setOrigin] = useState<Anchor | "end" | null>(null);
  /** The message of the address that was shown last. */
  const shown = useRef(messageId);

  const first = useEffectEvent(() => firstStart({ roomId, readSeq, messageId }));
  useEffect(() => {
    let isOpen = true;
    void first().then((start) => {
      if (isOpen) setOpening({ start, nth: 0 });
    });
    return () => {
      isOpen = false;
      parley.timelines.close(roomId);
    };
  }, [roomId]);

  /** Shows another place; `find` loads it. */
  async function go(find: () => Promise<Start>, from: Anchor | "end" | null): Promise<void> {
    try {
      const start = await find();
      setOrigin(from);
      setOpening((before) => ({ start, nth: (before?.nth ?? 0) + 1 }));
    } catch (error) {
      // Gone, or not to be seen by this person.
      if (!(error instanceof ApiError)) throw error;
      notify(describeError(error, currentText()), "failed");
    }
  }

  /** Before anything is loaded: what is loaded moves the view. */
  const here = () => anchorOf(roomId) ?? "end";

  function goBack() {
    if (origin === null) return;
    void go(() => returned(roomId, origin), null);
    shown.current = null;
    if (messageId !== null) navigate(paths.room(roomId), { replace: true });
  }

  const isOpened = opening !== null;
  const follow = useEffectEvent(() => {
    if (!isOpened || messageId === shown.current) return;
    if (messageId !== null) {
      shown.current = messageId;
      void go(() => atMessage(roomId, messageId), here());
    } else if (!isAside) {
      shown.current = null;
      if (origin !== null) void go(() => returned(roomId, origin), null);
    }
  });
  useEffect(() => follow(), [messageId, isAside, isOpened]);

  return {
    opening,
    /** Back to where one jumped from; null when one did not. */
    goBack: origin === null ? null : goBack,
    /** One is somewhere else by now, and means to be. */
    forgetOrigin: () => setOrigin(null),
    /** To the line of what is new; null where there is none. */
    toUnread: readSeq === null ? null : () => void go(() => atUnread(roomId, readSeq), null),
    toMessage: (id: string) => void go(() => atMessage(roomId, id), here()),
    toTime: (time: Date) =>
      void go(async () => {
        await parley.timelines.loadAt(roomId, { time: time.toISOString() });
        return { at: "time", ms: time.getTime() };
      }, here()),
  };
}

async function atMessage(roomId: string, messageId: string): Promise<Start> {
  await parley.timelines.loadAround(roomId, messageId);
  return { at: "message", messageId };
}

async function atUnread(roomId: string, readSeq: number): Promise<Start> {
  await parley.timelines.loadAt(roomId, { seq: readSeq + 1 });
  return { at: "unread", readSeq };
}

async function returned(roomId: string, origin: Anchor | "end"): Promise<Start> {
  if (origin !== "end") {
    await parley.timelines.loadAround(roomId, origin.messageId);
    return { at: "anchor", ...origin };
  }
  await parley.timelines.jumpToLatest(roomId);
  return { at: "end" };
}

/** What a room opens at: a message that was asked for, the place left last, the first unread, or the end. */
async function firstStart({ roomId, readSeq, messageId }: Omit<StartInput, "isAside">): Promise<Start> {
  await parley.timelines.open(roomId);
  const anchor = anchorOf(roomId);
  try {
    if (messageId !== null) return await atMessage(roomId, messageId);
    if (anchor !== null) return await returned(roomId, anchor);
  } catch (error) {
    // Gone, or not to be seen by this person: then the room opens as usual.
    if (!(error instanceof ApiError)) throw error;
    if (messageId !== null) notify(describeError(error, currentText()), "failed");
  }
  return readSeq === null ? { at: "end" } : atUnread(roomId, readSeq);
}
