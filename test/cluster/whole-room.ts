import type { TimelineMessage } from "../../src/protocol/models.ts";
import type { Player } from "./player.ts";

/** The whole timeline of a room as a player may see it, the oldest first. */
export async function wholeRoom({ client }: Player, roomId: string): Promise<TimelineMessage[]> {
  const pages: TimelineMessage[][] = [];
  for (let before: { before?: string } = {}; ;) {
    const { data, meta } = await client.http.messages.history(roomId, { limit: 100, ...before });
    pages.unshift(data);
    if (!meta.has_more || meta.oldest_id === null) return pages.flat();
    before = { before: meta.oldest_id };
  }
}
