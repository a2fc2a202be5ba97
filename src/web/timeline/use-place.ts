import { type RefObject, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import type { VirtualizerHandle } from "virtua";
import type { RoomState, Timeline } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { keepAnchor } from "./anchors.ts";
import { dayAt, type Row } from "./rows.ts";
import { messageIdOf, type Start, startIndex } from "./start.ts";
import { usePin } from "./use-pin.ts";

/** Nearer to the end than this counts as being there. */
export const endPx = 48;
/** Pages are asked for before their place comes into view. */
const aheadPx = 1_200;
/** Height of the day that stays at the top, with the gap around it. */
const dayPx = 40;
/** By then the list stands where it opens. */
const placingMs = 500;
/** A wheel's scrolling goes on for this long; the next turn of it renews the time. */
const leavingMs = 400;

interface PlaceInput {
  room: RoomState;
  timeline: Timeline;
  rows: readonly Row[];
  /** Rises when the window is replaced by another. */
  generation: number;
  start: Start;
  list: RefObject<VirtualizerHandle | null>;
  scroller: RefObject<HTMLElement | null>;
  /** The day that stays at the top. */
  dayLine: RefObject<HTMLElement | null>;
}

/** A longer window lets go of what is far from the view, down to so many messages. */
const windowMax = 1_000;
const windowKept = 600;

/**
 * Where one is in a timeline: opens it at its start, goes along with its end while one is there, keeps the place to the
 * pixel otherwise, loads what comes into reach, and tells the server what was read.
 */
export function usePlace({ room, timeline, rows, generation, start, list, scroller, dayLine }: PlaceInput) {
  const pin = usePin(scroller);
  const sticks = useRef(start.at === "end");
  const lastOffset = useRef(0);
  /** Somebody is scrolling away from the end: until this moment nothing pulls them back. */
  const leavingUntil = useRef(0);
  /** A finger or the pointer holds the list. */
  const isHeld = useRef(false);
  /** On the way to where it opens: sizes are still guessed, so what is in sight means nothing yet. */
  const isPlacing = useRef(false);
  /** Whether the line of what is new has been in sight. */
  const sawLine = useRef(start.at === "unread");
  const [isAtEnd, setIsAtEnd] = useState(true);
  const [topDay, setTopDay] = useState<number | null>(null);

  /** Once, as far as is known now: `scrollToIndex` goes on for a while, also against a hand that scrolls away. */
  function toEnd() {
    if (scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }

  /** Goes along with what is new, or stays with what one reads; never against a hand that scrolls. */
  function keepPlace() {
    if (isPlacing.current) return;
    if (!sticks.current) pin.hold();
    else if (!isHeld.current) toEnd();
  }

  function leave() {
    if ((scroller.current?.scrollTop ?? 0) <= 0) return;
    leavingUntil.current = performance.now() + leavingMs;
    sticks.current = false;
  }

  /** Where the view begins when it is opened or replaced. */
  const toStart = useEffectEvent(() => {
    const handle = list.current;
    if (!handle) return;
    const index = generation > 0 ? -1 : startIndex(rows, start);
    if (index < 0) {
      sticks.current = timeline.live;
      return toEnd();
    }
    sticks.current = false;
    isPlacing.current = true;
    pin.release();
    if (start.at === "message") handle.scrollToIndex(index, { align: "center" });
    else handle.scrollToIndex(index, { align: "start", offset: start.at === "anchor" ? start.offsetPx : -dayPx });
  });

  /** Looks where the view is now: what was read, which day it is up there. */
  const look = useEffectEvent(() => {
    const handle = list.current;
    if (!handle || rows.length === 0 || handle.viewportSize === 0 || isPlacing.current) return;
    const offset = handle.scrollOffset;
    const below = handle.scrollSize - offset - handle.viewportSize;
    const isLeaving = performance.now() < leavingUntil.current && offset <= lastOffset.current;
    if (below < endPx) sticks.current = timeline.live && !isLeaving;
    else if (offset < lastOffset.current - 1) sticks.current = false;
    lastOffset.current = offset;
    const atEnd = timeline.live && below < endPx;
    setIsAtEnd(atEnd);

    const top = handle.findItemIndex(offset + 1);
    showDay(handle, top, offset);
    const anchorIndex = rows.findIndex((row, index) => index >= top && messageIdOf(row) !== null);
    const messageId = messageIdOf(rows[anchorIndex]);
    const offsetPx = offset - handle.getItemOffset(anchorIndex);
    keepAnchor(room.id, atEnd || messageId === null ? null : { messageId, offsetPx });
    markRead(handle, atEnd);
    lookForLine(handle, top);
    const { messages, loading } = timeline;
    if (messages.length <= windowMax || loading.page || loading.older || loading.newer) return;
    const seq = atEnd ? messages.at(-1)?.seq : rows.slice(top).find((row) => "seq" in row)?.seq;
    if (seq !== undefined) parley.timelines.keepAround(room.id, seq, windowKept);
  });

  function lookForLine(handle: VirtualizerHandle, top: number) {
    if (sawLine.current) return;
    const bottom = handle.findItemIndex(handle.scrollOffset + handle.viewportSize);
    sawLine.current = rows.slice(top, bottom + 1).some(({ kind }) => kind === "divider");
  }

  const loadMore = useEffectEvent(() => {
    const shown = scroller.current;
    if (!shown || timeline.error !== null || isPlacing.current) return;
    const below = shown.scrollHeight - shown.scrollTop - shown.clientHeight;
    if (shown.scrollTop < aheadPx && timeline.hasOlder) void parley.timelines.loadOlder(room.id);
    if (below < aheadPx && !timeline.live) void parley.timelines.loadNewer(room.id);
  });

  function showDay(handle: VirtualizerHandle, top: number, offset: number) {
    const row = rows[top];
    const isSaid = handle.scrollSize <= handle.viewportSize || row?.kind === "date" || row?.kind === "beginning";
    const day = isSaid ? undefined : dayAt(rows, top);
    // Midnight as a number: the same day is the same value, and nothing is drawn anew.
    setTopDay(day === undefined ? null : new Date(day).setHours(0, 0, 0, 0));
    // The next day's line pushes the one at the top away.
    let push = 0;
    for (let index = top + 1; index < Math.min(rows.length, top + 8); index++) {
      if (rows[index]?.kind !== "date") continue;
      push = Math.min(0, handle.getItemOffset(index) - offset - dayPx);
      break;
    }
    if (dayLine.current) dayLine.current.style.transform = `translateY(${push}px)`;
  }

  function markRead(handle: VirtualizerHandle, atEnd: boolean) {
    if (room.my_role === null || document.visibilityState !== "visible" || !document.hasFocus()) return;
    const newest = timeline.messages.at(-1);
    if (atEnd && newest) return parley.markRead(room.id, newest);
    let index = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - endPx / 2);
    for (; index >= 0; index--) {
      const row = rows[index];
      if (row?.kind === "message" || row?.kind === "system") return parley.markRead(room.id, row.message);
    }
  }

  /** By what is drawn, not by what is guessed: nothing has to be scrolled. */
  function isWholeInSight(): boolean {
    const shown = scroller.current;
    if (!shown || shown.scrollHeight > shown.clientHeight) return false;
    return shown.querySelectorAll(".row").length === rows.length;
  }

  const placed = useEffectEvent(() => {
    if (!isPlacing.current) return;
    isPlacing.current = false;
    look();
    loadMore();
  });

  useLayoutEffect(() => {
    toStart();
    // A list that did not have to scroll never ends scrolling.
    const timer = setTimeout(() => placed(), placingMs);
    return () => clearTimeout(timer);
  }, [generation]);

  const lastKey = rows.at(-1)?.key;
  const lastIsPending = rows.at(-1)?.kind === "pending";
  useLayoutEffect(() => {
    // Whoever writes wants to see it.
    if (lastIsPending) sticks.current = true;
  }, [lastKey, lastIsPending]);
  useLayoutEffect(() => {
    keepPlace();
    look();
  });
  useEffect(() => {
    // Not before the list has taken in the rows that came last: two pages in a row, and it loses its place.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => loadMore());
    });
    return () => cancelAnimationFrame(frame);
  }, [rows, timeline.error]);

  const onHeight = useEffectEvent(() => keepPlace());
  useEffect(() => {
    // The list tells of new sizes before the document has them.
    const observer = new ResizeObserver(() => onHeight());
    for (const part of scroller.current?.children ?? []) observer.observe(part);
    return () => observer.disconnect();
  }, [generation, scroller]);

  useEffect(() => {
    const onReturn = () => look();
    const release = () => {
      isHeld.current = false;
    };
    // A touch that scrolls is cancelled as a pointer, and ends as a touch.
    const releases = ["pointerup", "touchend", "touchcancel"] as const;
    window.addEventListener("focus", onReturn);
    document.addEventListener("visibilitychange", onReturn);
    for (const type of releases) window.addEventListener(type, release);
    return () => {
      window.removeEventListener("focus", onReturn);
      document.removeEventListener("visibilitychange", onReturn);
      for (const type of releases) window.removeEventListener(type, release);
    };
  }, []);

  return {
    isAtEnd,
    hasSeenLine: () => sawLine.current,
    /** Midnight of the day at the top, in milliseconds; null where a line of the list says it. */
    topDay,
    /** The view is about to be moved by one row, up or down. */
    beforeMove(step: -1 | 1) {
      if (step < 0) leave();
      pin.release();
    },
    async toLatest() {
      await parley.timelines.jumpToLatest(room.id);
      sticks.current = true;
      toEnd();
    },
    /** What the hand does. */
    hand: {
      onWheel({ deltaY }: { deltaY: number }) {
        placed();
        if (deltaY < 0) leave();
      },
      onTouchMove() {
        placed();
        if ((scroller.current?.scrollTop ?? 0) < lastOffset.current) leave();
      },
      onPointerDown() {
        isHeld.current = true;
      },
      onPageKey: leave,
    },
    /** What the virtual list tells. */
    told: {
      onScroll() {
        pin.set();
        look();
        loadMore();
      },
      onScrollEnd() {
        leavingUntil.current = 0;
        pin.set();
        if (isPlacing.current) placed();
        else look();
      },
      onResize() {
        if (isWholeInSight()) placed();
        keepPlace();
        look();
      },
    },
  };
}
