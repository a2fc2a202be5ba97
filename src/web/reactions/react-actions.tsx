import { SmilePlus, Users } from "lucide-react";
import type { MessageAction, MessageHere } from "../timeline/message-actions.tsx";
import { EmojiDialog } from "../emoji/emoji-dialog.tsx";
import { useText } from "../i18n/use-text.ts";
import { mayReact } from "./reaction-rights.ts";
import { ReactorsDialog } from "./reactors-dialog.tsx";
import { setReaction } from "./wishes.ts";

const often = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

const react: MessageAction = {
  id: "react",
  label: (text) => text.reactions.react,
  Icon: SmilePlus,
  shortcut: "+",
  isQuick: true,
  isAllowed: ({ message, room, me }) => !message.is_deleted && !message.is_recalled && mayReact(room, me),
  run: (here, stage) => stage.show(<ReactDialog here={here} anchor={stage.anchor} onClose={() => stage.close()} />),
};

const whoReacted: MessageAction = {
  id: "reactors",
  label: (text) => text.reactions.who,
  Icon: Users,
  isAllowed: ({ message }) => message.reactions.length > 0,
  run: ({ message }, stage) => stage.show(<ReactorsDialog messageId={message.id} onClose={() => stage.close()} />),
};

export const reactActions: readonly MessageAction[] = [react, whoReacted];

interface ReactDialogProps {
  here: MessageHere;
  anchor: DOMRect;
  onClose(): void;
}

function ReactDialog({ here: { message }, anchor, onClose }: ReactDialogProps) {
  const text = useText();
  const mine = new Set(message.reactions.flatMap(({ emoji, me }) => (me ? [emoji] : [])));
  return (
    <EmojiDialog
      label={text.reactions.react}
      anchor={anchor}
      quick={often.map((emoji) => ({ emoji, isChosen: mine.has(emoji) }))}
      onPick={(emoji) => {
        void setReaction(message.id, emoji, !mine.has(emoji));
        onClose();
      }}
      onClose={onClose}
    />
  );
}
