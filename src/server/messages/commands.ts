import type { EventPayload } from "../../protocol/events.ts";
import type { CommandHandlers, Committing } from "../context.ts";
import { AppError } from "../platform/app-error.ts";
import type { Settle } from "../platform/settle.ts";
import { deleteMessage } from "./delete.ts";
import { editMessage } from "./edit.ts";
import { markDelivered, markRead } from "./mark-read.ts";
import { react } from "./react.ts";
import { recallMessage } from "./recall.ts";
import { setTyping } from "./typing.ts";
import { prepareSend, type PreparedSend, type Sent } from "./send.ts";

export const messageCommands: Pick<
  CommandHandlers,
  | "send_message"
  | "edit_message"
  | "delete_message"
  | "recall_message"
  | "mark_read"
  | "mark_delivered"
  | "typing"
  | "add_reaction"
  | "remove_reaction"
> = {
  add_reaction: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await react(ctx, viewer, { ...payload, added: true });
    return {};
  },
  remove_reaction: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await react(ctx, viewer, { ...payload, added: false });
    return {};
  },
  send_message: (ctx, { viewer }, { room_id, content, message_type, temp_id, reply_to_id }) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    const prepared = prepareSend(ctx, viewer, { room_id, content, temp_id, reply_to_id, type: message_type });
    return prepared instanceof Promise
      ? prepared.then((ready) => acknowledge(ready, temp_id))
      : acknowledge(prepared, temp_id);
  },
  edit_message: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await editMessage(ctx, viewer, payload);
    return {};
  },
  delete_message: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await deleteMessage(ctx, viewer, payload);
    return {};
  },
  recall_message: async (ctx, { viewer }, { message_id }) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await recallMessage(ctx, viewer, message_id);
    return {};
  },
  typing: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await setTyping(ctx, viewer, payload);
  },
  mark_read: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await markRead(ctx, viewer, payload, { durably: false });
  },
  mark_delivered: async (ctx, { viewer }, payload) => {
    if (!viewer) throw new AppError("UNAUTHENTICATED");
    await markDelivered(ctx, viewer, payload);
  },
};

/** What a command that sends answers, once the message is on disk. */
export function acknowledge(prepared: PreparedSend, temp_id: string): Committing<EventPayload<"message_ack">> {
  return new Acknowledgement(prepared, temp_id);
}

class Acknowledgement implements Committing<EventPayload<"message_ack">>, Settle<Sent> {
  private settle: Settle<EventPayload<"message_ack">> | undefined;

  constructor(
    private readonly prepared: PreparedSend,
    private readonly tempId: string,
  ) {}

  commit(settle: Settle<EventPayload<"message_ack">>): void {
    this.settle = settle;
    this.prepared.commit(this);
  }

  done({ message: { id, room_id, seq, rev, created_at } }: Sent): void {
    this.settle?.done({ temp_id: this.tempId, id, room_id, seq, rev, created_at });
  }

  failed(error: unknown): void {
    this.settle?.failed(error);
  }
}
