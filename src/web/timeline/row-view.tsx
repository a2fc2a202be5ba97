import { useNow } from "../app/use-now.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { MessageRow, PendingRow } from "./message-row.tsx";
import type { Row } from "./rows.ts";
import { systemText } from "./system-text.ts";

interface RowViewProps {
  row: Row;
  ownId: string | null;
  /** The message that was jumped to. */
  flashId: string | null;
  /** Asks which day to go to. */
  onDay(): void;
}

export function RowView({ row, ownId, flashId, onDay }: RowViewProps) {
  const text = useText();
  switch (row.kind) {
    case "beginning":
      return <p className="line line-beginning">{text.timeline.beginning}</p>;
    case "date":
      return <DateLine date={row.date} onDay={onDay} />;
    case "divider":
      return (
        <div className="line line-new" role="separator" aria-label={text.timeline.newMessages}>
          <span>{text.timeline.newMessages}</span>
        </div>
      );
    case "system":
      return <SystemLine row={row} />;
    case "message":
      return (
        <MessageRow
          rowKey={row.key}
          message={row.message}
          startsRun={row.startsRun}
          isOwn={row.message.sender.id === ownId}
          flash={row.message.id === flashId}
        />
      );
    case "pending":
      return <PendingRow pending={row.pending} startsRun={row.startsRun} />;
  }
}

function DateLine({ date, onDay }: { date: Date; onDay(): void }) {
  const text = useText();
  const format = useFormat();
  const now = useNow();
  return (
    <p className="line line-date">
      <button type="button" title={text.timeline.goToDay} onClick={onDay}>
        <time dateTime={date.toISOString().slice(0, 10)}>{format.day(date, now)}</time>
      </button>
    </p>
  );
}

function SystemLine({ row }: { row: Extract<Row, { kind: "system" }> }) {
  const text = useText();
  const format = useFormat();
  const at = new Date(row.message.created_at);
  return (
    <p className="line line-system" title={format.exact(at)} dir="auto">
      {row.message.system && systemText(row.message.system, text)}
      <span className="visually-hidden">, {format.time(at)}</span>
    </p>
  );
}
