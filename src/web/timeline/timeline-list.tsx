import { LoaderCircle } from "lucide-react";
import { useEffect, useEffectEvent, useRef, useState } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import type { RoomState, Timeline } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { roomName } from "../rooms/room-name.ts";
import { useDayPicker } from "./day-picker.tsx";
import { JumpPills } from "./jump-pills.tsx";
import { jumper, RoomOfTimeline } from "./menu-state.ts";
import { MessageMenu } from "./message-menu.tsx";
import { RowView } from "./row-view.tsx";
import type { Row } from "./rows.ts";
import type { Start } from "./start.ts";
import { useMessageMenu } from "./use-message-menu.ts";
import { usePlace } from "./use-place.ts";
import { useRowFocus } from "./use-row-focus.ts";
import { useStagedRows } from "./use-staged-rows.ts";
import type { useStart } from "./use-start.ts";

interface TimelineListProps {
  room: RoomState;
  timeline: Timeline;
  rows: readonly Row[];
  ownId: string | null;
  start: Start;
  jumps: Jumps;
}

type Jumps = Omit<ReturnType<typeof useStart>, "opening">;

/** Once is enough: a message that was jumped to does not flash again when it comes back into sight. */
const flashMs = 3_000;

/** The scrolled list of rows. Only what is in sight is in the document. */
export function TimelineList({ room, timeline, rows: allRows, ownId, start, jumps }: TimelineListProps) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  const { rows, shift, generation } = useStagedRows(allRows);
  const list = useRef<VirtualizerHandle>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const dayLine = useRef<HTMLDivElement>(null);
  const place = usePlace({ room, timeline, rows, generation, start, list, scroller, dayLine });
  const focus = useRowFocus({ rows, list, scroller, beforeMove: place.beforeMove });
  const menu = useMessageMenu(room, rows);
  const days = useDayPicker(jumps.toTime);
  const [flashId, setFlashId] = useState(start.at === "message" ? start.messageId : null);
  const { loading } = timeline;

  useEffect(() => {
    const timer = setTimeout(() => setFlashId(null), flashMs);
    return () => clearTimeout(timer);
  }, []);

  const toMessage = useEffectEvent((id: string) => jumps.toMessage(id));
  const toLatest = useEffectEvent(() => void place.toLatest());
  useEffect(() => {
    const mine = { toMessage: (id: string) => toMessage(id), toLatest: () => toLatest() };
    jumper.set(mine);
    return () => {
      // The list that takes over may be there already.
      if (jumper.get() === mine) jumper.set(null);
    };
  }, []);

  function jump() {
    // First to what is new, then to the end.
    if (room.unread_count > 0 && jumps.toUnread && !place.hasSeenLine()) jumps.toUnread();
    else {
      jumps.forgetOrigin();
      void place.toLatest();
    }
  }

  return (
    <RoomOfTimeline value={room}>
      <div className="timeline">
        <div
          ref={scroller}
          className="timeline-scroll"
          role="log"
          aria-live="off"
          aria-label={text.timeline.label(roomName(room, text))}
          aria-busy={loading.older || loading.newer || loading.page}
          tabIndex={0}
          onKeyDown={(event) => {
            if (event.key === "PageUp" || event.key === "Home") place.hand.onPageKey();
            else if (!menu.onKeyDown(event)) focus.onKeyDown(event);
          }}
          onWheel={place.hand.onWheel}
          onTouchMove={place.hand.onTouchMove}
          {...menu.hand}
          onPointerDown={(event) => {
            place.hand.onPointerDown();
            menu.hand.onPointerDown(event);
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
            keepMounted={focus.keepMounted}
            onScroll={place.told.onScroll}
            onScrollEnd={place.told.onScrollEnd}
            onResize={() => {
              focus.onResize();
              place.told.onResize();
            }}
          >
            {(row) => (
              <div key={row.key} className="row" data-key={row.key} tabIndex={-1}>
                <RowView row={row} ownId={ownId} flashId={flashId} onDay={days.open} />
              </div>
            )}
          </Virtualizer>
        </div>
        <div
          ref={dayLine}
          className="line line-date day-line"
          data-shown={place.topDay !== null || undefined}
          aria-hidden="true"
        >
          <button type="button" tabIndex={-1} onClick={days.open}>
            {place.topDay !== null && format.day(new Date(place.topDay), now)}
          </button>
        </div>
        {days.field}
        {loading.older && (
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
        <JumpPills unread={room.unread_count} onJump={place.isAtEnd ? null : jump} onBack={jumps.goBack} />
        <MessageMenu />
      </div>
    </RoomOfTimeline>
  );
}
