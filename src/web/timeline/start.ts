import type { Row } from "./rows.ts";

/** Where a timeline opens. */
export type Start =
  | { readonly at: "end" }
  /** Behind the message that was read last. */
  | { readonly at: "unread"; readonly readSeq: number }
  /** At the first message of this moment or later, in milliseconds since 1970. */
  | { readonly at: "time"; readonly ms: number }
  | { readonly at: "message"; readonly messageId: string }
  | { readonly at: "anchor"; readonly messageId: string; readonly offsetPx: number };

/** The id of the stored message in a row; null for rows that are none. */
export function messageIdOf(row: Row | undefined): string | null {
  return row?.kind === "message" || row?.kind === "system" ? row.message.id : null;
}

/** The row that the view begins at; -1 for the end. */
export function startIndex(rows: readonly Row[], start: Start): number {
  switch (start.at) {
    case "end":
      return -1;
    case "unread": {
      const line = rows.findIndex(({ kind }) => kind === "divider");
      return line >= 0 ? line : rows.findIndex((row) => "seq" in row && row.seq > start.readSeq);
    }
    case "time": {
      const first = rows.findIndex((row) => "message" in row && Date.parse(row.message.created_at) >= start.ms);
      // With the day's own line.
      return rows[first - 1]?.kind === "date" ? first - 1 : first;
    }
    default:
      return rows.findIndex((row) => messageIdOf(row) === start.messageId);
  }
}
