import type { CommandHandlers } from "../context.ts";
import { acknowledge } from "../messages/commands.ts";
import { AppError } from "../platform/app-error.ts";
import { prepareDirect } from "./send.ts";

export const directCommands: Pick<CommandHandlers, "send_direct_message"> = {
  send_direct_message: (ctx, { viewer }, { receiver_id, message_type, temp_id, ...body }) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    const prepared = prepareDirect(ctx, viewer, receiver_id, { ...body, temp_id, type: message_type });
    return prepared instanceof Promise
      ? prepared.then((ready) => acknowledge(ready, temp_id))
      : acknowledge(prepared, temp_id);
  },
};
