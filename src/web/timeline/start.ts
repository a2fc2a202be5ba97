import type { Row } from "./rows.ts";

/** Where a timeline opens. */
export type Start =
  | { readonly at: "end" }
  | { readonly at: "unread" }
  | { readonly at: "message"; readonly messageId: string }
  | { readonly at: "anchor"; readonly messageId: string; readonly offsetPx: number };

/** The id of the stored message in a row; null for rows that are none. */
export function messageIdOf(row: Row | undefined): string | null {
  return row?.kind === "message" || row?.kind === "system" ? row.message.id : null;
}

/** The row that the view begins at; -1 for the end. */
export function startIndex(rows: readonly Row[], start: Start): number {
  if (start.at === "end") return -1;
  if (start.at === "unread") return rows.findIndex(({ kind }) => kind === "divider");
  return rows.findIndex((row) => messageIdOf(row) === start.messageId);
}
