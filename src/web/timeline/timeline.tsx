import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { ApiError } from "../../sdk/errors.ts";
import type { PendingMessage, RoomState } from "../../sdk/state.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley, useParley } from "../app/parley.ts";
import { currentText, useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { anchorOf } from "./anchors.ts";
import { buildRows } from "./rows.ts";
import type { Start } from "./start.ts";
import { TimelineList } from "./timeline-list.tsx";

interface TimelineProps {
  room: RoomState;
  ownId: string | null;
  /** A message to show and flash once. */
  messageId: string | null;
}

const nothingPending: readonly PendingMessage[] = [];
/** Pages loaded back to reach the first unread message; further away one begins at the end. */
const pagesToUnread = 4;

export function Timeline({ room, ownId, messageId }: TimelineProps) {
  const text = useText();
  const timeline = useParley((state) => state.timelines[room.id]);
  const pending = useParley((state) => state.pending[room.id]) ?? nothingPending;
  // Where one had read to when the room was opened: the line "new messages" stays there until one leaves.
  const [readSeq] = useState(room.unread_count > 0 ? room.read_seq : null);
  const [start, setStart] = useState<Start | null>(null);

  useEffect(() => {
    let isOpen = true;
    void startOf(room.id, readSeq, messageId).then((found) => {
      if (isOpen) setStart(found);
    });
    return () => {
      isOpen = false;
      parley.timelines.close(room.id);
    };
  }, [room.id, readSeq, messageId]);

  const isEmpty = !timeline || timeline.messages.length === 0;
  if (timeline?.error && isEmpty) {
    return (
      <div className="timeline">
        <Empty icon={<CloudOff size={36} aria-hidden />} title={text.timeline.loadFailed}>
          <Button onClick={() => void parley.timelines.open(room.id)}>{text.tryAgain}</Button>
        </Empty>
      </div>
    );
  }
  if (start === null || !timeline || (isEmpty && timeline.loading.page)) {
    return (
      <div className="timeline">
        <Loading label={text.loading} />
      </div>
    );
  }
  const rows = buildRows({
    messages: timeline.messages,
    pending,
    hasOlder: timeline.hasOlder,
    live: timeline.live,
    readSeq,
    ownId,
  });
  return <TimelineList key={messageId} room={room} timeline={timeline} rows={rows} ownId={ownId} start={start} />;
}

/** Loads what the room opens at: a message that was asked for, the place left last, the first unread, or the end. */
async function startOf(roomId: string, readSeq: number | null, messageId: string | null): Promise<Start> {
  const { timelines, store } = parley;
  await timelines.open(roomId);
  const anchor = anchorOf(roomId);
  const target = messageId ?? anchor?.messageId ?? null;
  if (target !== null) {
    try {
      await timelines.loadAround(roomId, target);
      return messageId !== null
        ? { at: "message", messageId }
        : { at: "anchor", messageId: target, offsetPx: anchor?.offsetPx ?? 0 };
    } catch (error) {
      // Gone, or not to be seen by this person: then the room opens as usual.
      if (!(error instanceof ApiError)) throw error;
      if (messageId !== null) notify(describeError(error, currentText()), "failed");
    }
  }
  if (readSeq === null) return { at: "end" };
  for (let page = 0; page < pagesToUnread; page++) {
    const held = store.getSnapshot().timelines[roomId];
    const first = held?.messages[0];
    if (!held || !first || !held.hasOlder || first.seq <= readSeq) break;
    await timelines.loadOlder(roomId);
    if (store.getSnapshot().timelines[roomId]?.error) break;
  }
  return { at: "unread" };
}
