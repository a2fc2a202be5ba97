import { CheckCheck } from "lucide-react";
import { lazy } from "react";
import { limits } from "../../protocol/limits.ts";
import type { MessageAction } from "../timeline/message-actions.tsx";

const ReceiptsDialog = lazy(async () => ({ default: (await import("./receipts-dialog.tsx")).ReceiptsDialog }));

/** Who has read it; in rooms small enough to tell. */
export const showReceipts: MessageAction = {
  id: "receipts",
  label: (text) => text.receipts.action,
  Icon: CheckCheck,
  isAllowed: ({ message, room, me }) =>
    message.sender.id === me?.id &&
    !room.is_lobby &&
    room.my_role !== null &&
    room.member_count <= limits.statusMembers,
  run: ({ message }, stage) => stage.show(<ReceiptsDialog messageId={message.id} onClose={() => stage.close()} />),
};
