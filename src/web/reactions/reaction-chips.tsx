import { type PointerEvent, useContext, useId, useRef, useState } from "react";
import type { Message } from "../../protocol/models.ts";
import { useParley } from "../app/parley.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { RoomOfTimeline, shownMenu } from "../timeline/menu-state.ts";
import { mayReact } from "./reaction-rights.ts";
import { ReactorsDialog } from "./reactors-dialog.tsx";
import { ReactorsTip } from "./reactors-tip.tsx";
import { setReaction, useReactions } from "./wishes.ts";

/** What people have reacted to a message with. */
export function ReactionChips({ message }: { message: Message }) {
  const text = useText();
  const reactions = useReactions(message);
  if (reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label={text.reactions.label}>
      {reactions.map((reaction) => (
        <li key={reaction.emoji}>
          <Chip message={message} reaction={reaction} />
        </li>
      ))}
    </ul>
  );
}

const longPressMs = 450;
/** A pointer that only passes over asks for nothing. */
const restMs = 250;

function Chip({ message, reaction }: { message: Message; reaction: Message["reactions"][number] }) {
  const { emoji, count, me: isMine = false } = reaction;
  const text = useText();
  const format = useFormat();
  const tipId = useId();
  const room = useContext(RoomOfTimeline);
  const me = useParley((state) => state.me);
  const [isAsked, setAsked] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const wasHeld = useRef(false);
  const isAllowed = room !== null && mayReact(room, me);

  function after(ms: number, work: () => void) {
    stop();
    timer.current = setTimeout(work, ms);
  }

  function stop() {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
  }

  function hold(event: PointerEvent<HTMLButtonElement>) {
    wasHeld.current = false;
    if (event.pointerType !== "touch") return;
    // The message's own menu would open as well.
    event.stopPropagation();
    const anchor = event.currentTarget.getBoundingClientRect();
    const close = () => shownMenu.set(null);
    after(longPressMs, () => {
      wasHeld.current = true;
      shownMenu.set({ message, anchor, view: <ReactorsDialog messageId={message.id} onClose={close} /> });
    });
  }

  return (
    <span
      className="reaction"
      onPointerEnter={({ pointerType }) => pointerType === "mouse" && after(restMs, () => setAsked(true))}
      onPointerLeave={() => {
        stop();
        setAsked(false);
      }}
    >
      <button
        type="button"
        className="reaction-chip"
        aria-pressed={isMine}
        aria-disabled={!isAllowed || undefined}
        aria-label={text.reactions.chip(emoji, count)}
        aria-describedby={isAsked ? tipId : undefined}
        onPointerDown={hold}
        onPointerUp={stop}
        onPointerCancel={stop}
        onContextMenu={(event) => wasHeld.current && event.preventDefault()}
        onFocus={({ target }) => target.matches(":focus-visible") && setAsked(true)}
        onBlur={() => setAsked(false)}
        onClick={() => {
          if (isAllowed && !wasHeld.current) void setReaction(message.id, emoji, !isMine);
        }}
      >
        <span aria-hidden="true" className="reaction-emoji">
          {emoji}
        </span>
        <span aria-hidden="true" className="reaction-count">
          {format.number(count)}
        </span>
      </button>
      {isAsked && <ReactorsTip id={tipId} messageId={message.id} emoji={emoji} count={count} />}
    </span>
  );
}
