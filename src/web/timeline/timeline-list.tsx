import { ArrowDown, LoaderCircle } from "lucide-react";
import { type KeyboardEvent, useEffect, useEffectEvent, useLayoutEffect, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { limits } from "../../protocol/limits.ts";
import type { RoomState, Timeline } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { roomName } from "../rooms/room-name.ts";
import { keepAnchor } from "./anchors.ts";
import { dayAt, type Row } from "./rows.ts";
import { RowView } from "./row-view.tsx";
import { usePin } from "./use-pin.ts";
import { useStagedRows } from "./use-staged-rows.ts";

/** Where a timeline opens. */
export type Start =
  | { readonly at: "end" }
  | { readonly at: "unread" }
  | { readonly at: "message"; readonly messageId: string }
  | { readonly at: "anchor"; readonly messageId: string; readonly offsetPx: number };

interface TimelineListProps {
  room: RoomState;
  timeline: Timeline;
  rows: readonly Row[];
  ownId: string | null;
  start: Start;
}

/** Nearer to the end than this counts as being there. */
const endPx = 48;
/** Pages are asked for before their place comes into view. */
const aheadPx = 1_200;
/** Height of the day that stays at the top, with the gap around it. */
const dayPx = 40;
/** By then the list stands where it opens. */
const placingMs = 500;
/** A wheel's scrolling goes on for this long; the next turn of it renews the time. */
const leavingMs = 400;

const idOf = (row: Row | undefined) => (row?.kind === "message" || row?.kind === "system" ? row.message.id : null);
const canFocus = (row: Row | undefined) => row?.kind === "message" || row?.kind === "pending" || row?.kind === "system";

/** The row that the view begins at; -1 for the end. */
function startIndex(rows: readonly Row[], start: Start): number {
  if (start.at === "end") return -1;
  if (start.at === "unread") return rows.findIndex(({ kind }) => kind === "divider");
  return rows.findIndex((row) => idOf(row) === start.messageId);
}

/**
 * The scrolled list of rows. Only what is in sight is in the document. It sticks to the end while one is there, keeps its
 * place to the pixel when older messages come in above, and tells the server what has been read.
 */
export function TimelineList({ room, timeline, rows: allRows, ownId, start }: TimelineListProps) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { rows, shift, generation } = useStagedRows(allRows);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const dayLine = useRef<HTMLParagraphElement>(null);
  const pin = usePin(scroller);
  const sticks = useRef(start.at === "end");
  const lastOffset = useRef(0);
  /** Somebody is scrolling away from the end: until this moment nothing pulls them back. */
  const leavingUntil = useRef(0);
  /** A finger or the pointer holds the list. */
  const isHeld = useRef(false);
  /** On the way to where it opens: sizes are still guessed, so what is in sight means nothing yet. */
  const isPlacing = useRef(false);
  const [isAtEnd, setIsAtEnd] = useState(true);
  const [topDay, setTopDay] = useState<number | null>(null);
  const [activeKey, setActiveKey] = useState<string | null>(null);
  const activeIndex = activeKey === null ? -1 : rows.findIndex(({ key }) => key === activeKey);

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
    const anchorRow = rows.findIndex((row, index) => index >= top && idOf(row) !== null);
    const anchorId = idOf(rows[anchorRow]);
    keepAnchor(
      room.id,
      atEnd || anchorId === null ? null : { messageId: anchorId, offsetPx: offset - handle.getItemOffset(anchorRow) },
    );

    markRead(handle, atEnd);
  });

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
    setTopDay(isSaid ? null : (dayAt(rows, top)?.setHours(0, 0, 0, 0) ?? null));
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

  useEffect(() => {
    const onReturn = () => look();
    const release = () => {
      isHeld.current = false;
    };
    window.addEventListener("focus", onReturn);
    document.addEventListener("visibilitychange", onReturn);
    // A touch that scrolls is cancelled as a pointer, and ends as a touch.
    for (const type of ["pointerup", "touchend", "touchcancel"] as const) window.addEventListener(type, release);
    return () => {
      for (const type of ["pointerup", "touchend", "touchcancel"] as const) window.removeEventListener(type, release);
      window.removeEventListener("focus", onReturn);
      document.removeEventListener("visibilitychange", onReturn);
    };
  }, []);

  /** A row that was not measured yet is hidden, and takes no focus: until it is, the list has it. */
  function focusActive() {
    const list = scroller.current;
    if (activeKey === null || !list || !list.contains(document.activeElement)) return;
    const row = list.querySelector<HTMLElement>(`[data-key="${CSS.escape(activeKey)}"]`);
    row?.focus({ preventScroll: true });
    if (document.activeElement !== row) list.focus({ preventScroll: true });
  }
  useLayoutEffect(focusActive, [activeKey]);

  function move(event: KeyboardEvent) {
    if (event.key === "PageUp" || event.key === "Home") leave();
    const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
    if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const handle = list.current;
    if (!handle) return;
    const visible = handle.findItemIndex(handle.scrollOffset + handle.viewportSize - endPx / 2);
    let index = activeIndex < 0 ? visible : activeIndex + step;
    while (index in rows && !canFocus(rows[index])) index += step;
    const row = rows[index];
    if (!row) return;
    if (step < 0) leave();
    pin.release();
    // The row that has it now may leave the document with the next rendering.
    scroller.current?.focus({ preventScroll: true });
    handle.scrollToIndex(index, { align: "nearest" });
    setActiveKey(row.key);
  }

  async function toLatest() {
    await parley.timelines.jumpToLatest(room.id);
    sticks.current = true;
    toEnd();
  }

  const unread = room.unread_count;
  const capped = unread >= limits.unreadMax;
  const pill =
    unread > 0 ? text.timeline.newCount(capped ? limits.unreadMax - 1 : unread, capped) : text.timeline.jumpToLatest;

  return (
    <div className="timeline">
      <div
        ref={scroller}
        className="timeline-scroll"
        role="log"
        aria-live="off"
        aria-label={text.timeline.label(roomName(room, text))}
        aria-busy={timeline.loading.older || timeline.loading.newer || timeline.loading.page}
        tabIndex={0}
        onKeyDown={move}
        onWheel={({ deltaY }) => {
          placed();
          if (deltaY < 0) leave();
        }}
        onTouchMove={({ currentTarget }) => {
          placed();
          if (currentTarget.scrollTop < lastOffset.current) leave();
        }}
        onPointerDown={() => {
          isHeld.current = true;
        }}
      >
        <div className="timeline-space" />
        <Virtualizer
          key={generation}
          ref={list}
          scrollRef={scroller}
          data={rows}
          shift={shift}
          bufferSize={400}
          keepMounted={activeIndex < 0 ? [] : [activeIndex]}
          onScroll={() => {
            pin.set();
            look();
            loadMore();
          }}
          onScrollEnd={() => {
            leavingUntil.current = 0;
            pin.set();
            if (isPlacing.current) placed();
            else look();
          }}
          onResize={() => {
            if (isWholeInSight()) placed();
            if (document.activeElement === scroller.current) focusActive();
            keepPlace();
            look();
          }}
        >
          {(row) => (
            <div key={row.key} className="row" data-key={row.key} tabIndex={-1}>
              <RowView row={row} ownId={ownId} flashId={start.at === "message" ? start.messageId : null} />
            </div>
          )}
        </Virtualizer>
      </div>
      <p ref={dayLine} className="line line-date day-line" data-shown={topDay !== null || undefined} aria-hidden="true">
        <time>{topDay !== null && format.day(new Date(topDay), now)}</time>
      </p>
      {timeline.loading.older && (
        <p className="timeline-loading" role="status">
          <LoaderCircle className="spinning" size={16} aria-hidden />
          <span className="visually-hidden">{text.timeline.loadingOlder}</span>
        </p>
      )}
      {timeline.error !== null && (
        <p className="timeline-error" role="status">
          {text.timeline.loadFailed}{" "}
          <button type="button" className="link-button" onClick={() => void parley.timelines.loadOlder(room.id)}>
            {text.tryAgain}
          </button>
        </p>
      )}
      {!isAtEnd && (
        <button
          type="button"
          className="jump-pill"
          data-new={unread > 0 || undefined}
          aria-label={pill}
          onClick={() => void toLatest()}
        >
          {unread > 0 && <span>{pill}</span>}
          <ArrowDown size={18} aria-hidden />
        </button>
      )}
    </div>
  );
}
