import { CircleUserRound, Copy, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { Me, Message } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import {
  deleteMessage,
  editMessage,
  goToQuoted,
  recallMessage,
  replyTo,
  showVersions,
} from "../message-life/actions.tsx";
import { notify } from "../app/notices.ts";
import type { Dictionary } from "../i18n/en.ts";
import { isGone } from "../message-life/may.ts";
import { openProfile } from "../people/opened.ts";
import { currentText } from "../i18n/use-text.ts";
import { pinActions } from "../pins/pin-action.ts";
import { reactActions } from "../reactions/react-actions.tsx";
import { showReceipts } from "../receipts/receipts-action.tsx";

/** A message, and who looks at it where. */
export interface MessageHere {
  readonly message: Message;
  readonly room: RoomState;
  readonly me: Me | null;
}

/** Where an action shows what it has to ask or to tell: a dialog, a picker. */
export interface ActionStage {
  /** The message on the screen, for what opens beside it. */
  readonly anchor: DOMRect;
  show(view: ReactNode): void;
  /** Takes away what is shown; the focus returns to the message. */
  close(): void;
}

/** Something that can be done with a message. */
export interface MessageAction {
  readonly id: string;
  label(text: Dictionary, here: MessageHere): string;
  readonly Icon: LucideIcon;
  /** `KeyboardEvent.key` while the message has the focus, or its menu is open; letters in lower case. */
  readonly shortcut?: string;
  /** Also as a button beside the message. */
  readonly isQuick?: boolean;
  readonly isDanger?: boolean;
  isAllowed(here: MessageHere): boolean;
  run(here: MessageHere, stage: ActionStage): void;
}

const copyText: MessageAction = {
  id: "copy",
  label: (text) => text.messageMenu.copy,
  Icon: Copy,
  shortcut: "c",
  isAllowed: ({ message }) => message.content !== "" && !isGone(message),
  run({ message }) {
    const text = currentText();
    navigator.clipboard.writeText(message.content).then(
      () => notify(text.messageMenu.copied),
      () => notify(text.messageMenu.copyFailed, "failed"),
    );
  },
};

const showProfile: MessageAction = {
  id: "profile",
  label: (text) => text.people.profile,
  Icon: CircleUserRound,
  isAllowed: () => true,
  run: ({ message }, stage) => {
    stage.close();
    openProfile(message.sender);
  },
};

/** All of them, in the order in which they are offered. A new one is one more entry. */
export const messageActions: readonly MessageAction[] = [
  ...reactActions,
  replyTo,
  editMessage,
  copyText,
  goToQuoted,
  ...pinActions,
  showReceipts,
  showProfile,
  showVersions,
  recallMessage,
  deleteMessage,
];

/** What this person may do with this message. Nothing can be done with lines of the system. */
export function actionsFor(here: MessageHere): MessageAction[] {
  return here.message.type === "system" ? [] : messageActions.filter((action) => action.isAllowed(here));
}
