import { CornerLeftUp, History, Pencil, Reply, Trash2, Undo2 } from "lucide-react";
import { lazy } from "react";
import { limits } from "../../protocol/limits.ts";
import { describeError } from "../app/describe-error.ts";
import { notify } from "../app/notices.ts";
import { parley } from "../app/parley.ts";
import { currentText } from "../i18n/use-text.ts";
import { jumper } from "../timeline/menu-state.ts";
import type { MessageAction } from "../timeline/message-actions.tsx";
import { isGone, isOwnPresent, mayHere } from "./may.ts";
import { writeAt } from "./target.ts";

const DeleteDialog = lazy(async () => ({ default: (await import("./delete-dialog.tsx")).DeleteDialog }));
const VersionsDialog = lazy(async () => ({ default: (await import("./versions-dialog.tsx")).VersionsDialog }));

export const replyTo: MessageAction = {
  id: "reply",
  label: (text) => text.life.reply,
  Icon: Reply,
  shortcut: "r",
  isQuick: true,
  isAllowed: (here) => !isGone(here.message) && mayHere("send", here),
  run: ({ message }) => writeAt("reply", message),
};

export const editMessage: MessageAction = {
  id: "edit",
  label: (text) => text.life.edit,
  Icon: Pencil,
  shortcut: "e",
  isQuick: true,
  isAllowed: (here) => isOwnPresent(here) && here.message.type === "text" && mayHere("edit_own", here),
  run: ({ message }) => writeAt("edit", message),
};

export const goToQuoted: MessageAction = {
  id: "quoted",
  label: (text) => text.life.goToQuoted,
  Icon: CornerLeftUp,
  isAllowed: ({ message }) => message.reply_to !== null,
  run: ({ message }) => jumper.get()?.toMessage(message.reply_to?.id ?? message.id),
};

export const recallMessage: MessageAction = {
  id: "recall",
  label: (text) => text.life.recall,
  Icon: Undo2,
  isAllowed: (here) =>
    isOwnPresent(here) &&
    mayHere("edit_own", here) &&
    Date.now() - Date.parse(here.message.created_at) < limits.recallWindowMs,
  run({ message }) {
    const text = currentText();
    parley.http.messages.recall(message.id).then(
      () => notify(text.life.recallDone),
      (error: unknown) => notify(describeError(error, text), "failed"),
    );
  },
};

export const showVersions: MessageAction = {
  id: "versions",
  label: (text) => text.life.versions,
  Icon: History,
  isAllowed: (here) => here.message.is_edited && !isGone(here.message) && mayHere("see_versions", here),
  run: ({ message }, stage) => stage.show(<VersionsDialog message={message} onClose={() => stage.close()} />),
};

export const deleteMessage: MessageAction = {
  id: "delete",
  label: (text) => text.life.delete,
  Icon: Trash2,
  shortcut: "Delete",
  isDanger: true,
  isAllowed: (here) => mayHere("hide", here) || mayHere("delete_any", here),
  run(here, stage) {
    const isForAll =
      !isGone(here.message) && ((isOwnPresent(here) && mayHere("delete_own", here)) || mayHere("delete_any", here));
    const dialog = (
      <DeleteDialog
        message={here.message}
        isForAll={isForAll}
        isForMe={mayHere("hide", here)}
        onClose={() => stage.close()}
      />
    );
    stage.show(dialog);
  },
};
