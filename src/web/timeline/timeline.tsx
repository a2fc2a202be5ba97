import { CloudOff } from "lucide-react";
import type { PendingMessage, RoomState } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { useText } from "../i18n/use-text.ts";
import { Button } from "../ui/button.tsx";
import { Empty, Loading } from "../ui/empty.tsx";
import { buildRows } from "./rows.ts";
import { TimelineList } from "./timeline-list.tsx";
import { useNewLine } from "./use-new-line.ts";
import { useStart } from "./use-start.ts";

interface TimelineProps {
  room: RoomState;
  ownId: string | null;
  /** A message to show and flash once. */
  messageId: string | null;
  /** Whether something stands beside the conversation. */
  isAside: boolean;
}

const nothingPending: readonly PendingMessage[] = [];

export function Timeline({ room, ownId, messageId, isAside }: TimelineProps) {
  const text = useText();
  const timeline = useParley((state) => state.timelines[room.id]);
  const pending = useParley((state) => state.pending[room.id]) ?? nothingPending;
  const readSeq = useNewLine(room);
  const { opening, ...jumps } = useStart({ roomId: room.id, readSeq, messageId, isAside });

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
  if (opening === null || !timeline || (isEmpty && timeline.loading.page)) {
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
  return (
    <TimelineList
      key={opening.nth}
      room={room}
      timeline={timeline}
      rows={rows}
      ownId={ownId}
      start={opening.start}
      jumps={jumps}
    />
  );
}
