import type { CommandHandlers } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import { markRead } from "./mark-read.ts";
import { prepareSend } from "./send.ts";

export const messageCommands: Pick<CommandHandlers, "send_message" | "mark_read"> = {
  send_message: async (ctx, { viewer }, { message_type, ...payload }) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    const prepared = await prepareSend(ctx, viewer, { ...payload, type: message_type });
    const { temp_id } = payload;
    return {
      committed: prepared.commit().then(({ message: { id, room_id, seq, rev, created_at } }) => ({
        temp_id,
        id,
        room_id,
        seq,
        rev,
        created_at,
      })),
    };
  },
  mark_read: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await markRead(ctx, viewer, payload, { durably: false });
  },
};
