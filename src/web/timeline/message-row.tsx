import { Check, CircleAlert, Clock } from "lucide-react";
import type { ReactNode } from "react";
import type { Message, UserRef } from "../../protocol/models.ts";
import type { PendingMessage } from "../../sdk/state.ts";
import { parley, useParley } from "../app/parley.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { Quote } from "../message-life/quote.tsx";
import { Ticks } from "../receipts/ticks.tsx";
import { openProfile } from "../people/opened.ts";
import { PinMark } from "../pins/pin-mark.tsx";
import { ReactionChips } from "../reactions/reaction-chips.tsx";
import { Avatar } from "../ui/avatar.tsx";
import { MessageTools } from "./message-tools.tsx";
import { MessageText } from "./message-text.tsx";

interface BubbleProps {
  /** `person`: whose card opens from the name and the picture. */
  sender: { id: string; name: string; avatarUrl: string | null; person?: UserRef };
  at: Date;
  startsRun: boolean;
  isOwn: boolean;
  /** Beside the text: how far a message of one's own has come. */
  state?: ReactNode;
  /** Below the bubble. */
  below?: ReactNode;
  flash?: boolean;
  /** A message that is stored, and can be acted upon. */
  messageId?: string;
  /** What can be done with it. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A message in its bubble; avatar, name and time stand once per run. */
function Bubble({
  sender,
  at,
  startsRun,
  isOwn,
  state,
  below,
  flash = false,
  messageId,
  tools,
  children,
}: BubbleProps) {
  const format = useFormat();
  const time = format.time(at);
  return (
    <div
      className="message"
      data-message={messageId}
      data-own={isOwn || undefined}
      data-first={startsRun || undefined}
      data-flash={flash || undefined}
    >
      <div className="message-side">
        {startsRun ? (
          <Face sender={sender} />
        ) : (
          <time className="message-hover-time" dateTime={at.toISOString()} aria-hidden="true">
            {time}
          </time>
        )}
      </div>
      <div className="message-main">
        {startsRun ? (
          <p className="message-head">
            <Name sender={sender} />
            <time dateTime={at.toISOString()} title={format.exact(at)}>
              {time}
            </time>
          </p>
        ) : (
          <span className="visually-hidden">
            {sender.name}, {time}
          </span>
        )}
        <div className="bubble-line">
          <div className="bubble" title={format.exact(at)}>
            {children}
            {state}
          </div>
          {tools}
        </div>
        {below}
      </div>
    </div>
  );
}

type Sender = BubbleProps["sender"];

/** By the keyboard the same is in the message's menu: two stops in every run would be too many. */
function Face({ sender }: { sender: Sender }) {
  const avatar = <Avatar id={sender.id} name={sender.name} url={sender.avatarUrl} />;
  if (!sender.person) return avatar;
  const { person } = sender;
  return (
    <button
      type="button"
      className="avatar-button"
      tabIndex={-1}
      aria-hidden="true"
      onClick={() => openProfile(person)}
    >
      {avatar}
    </button>
  );
}

function Name({ sender: { name, person } }: { sender: Sender }) {
  if (!person) return <bdi className="message-sender">{name}</bdi>;
  return (
    <button
      type="button"
      className="message-sender"
      tabIndex={-1}
      aria-label={name}
      onClick={() => openProfile(person)}
    >
      <bdi>{name}</bdi>
    </button>
  );
}

interface MessageRowProps {
  rowKey: string;
  message: Message;
  startsRun: boolean;
  isOwn: boolean;
  flash: boolean;
}

export function MessageRow({ rowKey, message, startsRun, isOwn, flash }: MessageRowProps) {
  const text = useText();
  const format = useFormat();
  const { sender } = message;
  const isGone = message.is_deleted || message.is_recalled;
  return (
    <Bubble
      sender={{ id: sender.id, name: sender.display_name, avatarUrl: sender.avatar_url, person: sender }}
      at={new Date(message.created_at)}
      startsRun={startsRun}
      isOwn={isOwn}
      flash={flash}
      messageId={message.id}
      tools={<MessageTools rowKey={rowKey} message={message} />}
      state={
        !isGone && (
          <>
            <PinMark roomId={message.room_id} messageId={message.id} />
            {isOwn && <Ticks message={message} />}
          </>
        )
      }
      below={<ReactionChips message={message} />}
    >
      {message.reply_to && !isGone && <Quote quote={message.reply_to} />}
      {isGone ? (
        <em className="message-gone" dir="auto">
          {message.is_deleted
            ? text.timeline.deleted
            : isOwn
              ? text.life.recalledByYou
              : text.life.recalledBy(sender.display_name)}
        </em>
      ) : (
        <MessageText content={message.content} mentions={message.mentions} />
      )}
      {message.is_edited && !isGone && (
        <time
          className="message-edited"
          dateTime={message.edited_at ?? undefined}
          title={message.edited_at === null ? undefined : format.exact(new Date(message.edited_at))}
        >
          {text.timeline.edited}
        </time>
      )}
    </Bubble>
  );
}

interface PendingRowProps {
  pending: PendingMessage;
  startsRun: boolean;
}

/** A message of one's own that the room does not show yet. */
export function PendingRow({ pending, startsRun }: PendingRowProps) {
  const text = useText();
  const me = useParley((state) => state.me);
  const failed = pending.status === "failed";
  return (
    <Bubble
      sender={{ id: me?.id ?? "", name: me?.display_name ?? "", avatarUrl: me?.avatar_url ?? null }}
      at={new Date(pending.created_at)}
      startsRun={startsRun}
      isOwn
      state={
        failed ? (
          <SendState icon={<CircleAlert size={16} aria-hidden />} label={text.timeline.failed} failed />
        ) : pending.status === "sent" ? (
          <SendState icon={<Check size={14} aria-hidden />} label={text.timeline.sent} />
        ) : (
          <SendState
            icon={<Clock size={13} aria-hidden />}
            label={pending.status === "sending" ? text.timeline.sending : text.timeline.waiting}
          />
        )
      }
      below={
        failed && (
          <p className="message-failed" role="alert">
            <span>{pending.error?.message ?? text.timeline.failed}</span>
            <button type="button" className="link-button" onClick={() => parley.retry(pending.temp_id)}>
              {text.timeline.sendAgain}
            </button>
            <button type="button" className="link-button" onClick={() => parley.discard(pending.temp_id)}>
              {text.timeline.remove}
            </button>
          </p>
        )
      }
    >
      {pending.reply_to && <Quote quote={pending.reply_to} />}
      <MessageText content={pending.content} />
    </Bubble>
  );
}

function SendState({ icon, label, failed = false }: { icon: ReactNode; label: string; failed?: boolean }) {
  return (
    <span className="send-state" data-failed={failed || undefined} title={label}>
      {icon}
      <span className="visually-hidden">{label}</span>
    </span>
  );
}
