import { Check, SendHorizontal } from "lucide-react";
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { Message } from "../../protocol/models.ts";
import type { RoomState } from "../../sdk/state.ts";
import { parley } from "../app/parley.ts";
import { usePreferences } from "../app/preferences.ts";
import { useAction } from "../app/use-action.ts";
import { useMessageLimit } from "../app/server-info.ts";
import { useFormat, useText } from "../i18n/use-text.ts";
import { useRefusal } from "../directs/refusal.ts";
import { lastOwnMessage } from "../message-life/last-own.ts";
import { leaveTarget, type Target, useTarget, writeAt } from "../message-life/target.ts";
import { TargetBar } from "../message-life/target-bar.tsx";
import { useMuted, useSlowMode } from "../moderation/silence.ts";
import { jumper } from "../timeline/menu-state.ts";
import { roomName } from "../rooms/room-name.ts";
import { TypingLine } from "../presence/typing-line.tsx";
import { codePoints } from "./code-points.ts";
import { keepDraft, readDraft } from "./drafts.ts";
import { EmojiButton } from "./emoji-button.tsx";
import { EmojiList } from "./emoji-list.tsx";
import { pressFormat } from "./formatting.ts";
import { MentionList } from "./mention-list.tsx";
import { useEmojis } from "./use-emojis.ts";
import { useMentions } from "./use-mentions.ts";

/** The count appears when this much of the limit is used. */
const countFrom = 0.9;
/** Safari ends a composition before the key that ended it; that key's code gives it away. */
const composingKeyCode = 229;

const isTouch = window.matchMedia("(pointer: coarse)");

interface ComposerProps {
  room: RoomState;
  ownId: string;
  /** Whom the first message is for: `room` is only where it waits. */
  receiverId?: string;
}

/** Where one writes: something new, an answer, or a message of one's own anew. */
export function Composer(props: ComposerProps) {
  const target = useTarget(props.room.id);
  // What one edits takes the place of the draft, which is there again afterwards.
  return <Writing key={target?.kind === "edit" ? target.message.id : "draft"} {...props} target={target} />;
}

/** The text is kept as a draft until it is sent. */
function Writing({ room, ownId, receiverId, target }: ComposerProps & { target: Target | null }) {
  const text = useText();
  const format = useFormat();
  const { enterSends } = usePreferences();
  const limit = useMessageLimit();
  const noteId = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const edited = target?.kind === "edit" ? target.message : null;
  const saving = useAction();
  /** Where the caret goes with the next picture. */
  const caret = useRef<number | null>(null);
  const [content, setContent] = useState(() => (edited === null ? readDraft(ownId, room.id) : edited.content));
  const [refused, setRefused] = useState(false);

  const count = codePoints(content);
  const isTooLong = count > limit;
  const isEmpty = content.trim() === "";
  const isUnchanged = edited !== null && content === edited.content;
  const name = roomName(room, text);
  const muted = useMuted(room, text);
  const refusal = useRefusal(room) ?? muted;
  const slowMode = useSlowMode(room);
  // What was said already is worded anew at any time.
  const slowFor = edited === null ? slowMode : 0;

  useLayoutEffect(() => {
    if (caret.current === null) return;
    area.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [content]);

  useLayoutEffect(() => {
    const shown = area.current;
    if (!shown) return;
    shown.style.height = "auto";
    shown.style.height = `${shown.scrollHeight}px`;
  }, [content]);

  useEffect(() => {
    if (target) focusEnd(area.current);
  }, [target]);

  function leave() {
    leaveTarget();
    // The field that takes over is another one after an edit.
    requestAnimationFrame(() => document.querySelector<HTMLElement>(".composer-input")?.focus());
  }

  async function save(anew: Message, said: string) {
    if (said === anew.content) leave();
    else if (await saving.run(() => parley.http.messages.edit(anew.id, { content: said }))) leave();
  }

  function write(next: string) {
    setContent(next);
    setRefused(false);
    if (edited !== null) return;
    keepDraft(ownId, room.id, next);
    if (next === "") parley.typing.stopped(room.id);
    else parley.typing.typed(room.id);
  }

  function replace(from: number, to: number, written: string) {
    write(content.slice(0, from) + written + content.slice(to).replace(/^ /, ""));
    caret.current = from + written.length;
  }

  /** Where the caret is, or in place of what is selected; the field has the focus again. */
  function insert(written: string) {
    const field = area.current;
    if (!field) return;
    const { selectionStart: from, selectionEnd: to } = field;
    write(content.slice(0, from) + written + content.slice(to));
    caret.current = from + written.length;
    field.focus();
  }

  const mentions = useMentions({ room, ownId, area, replace });
  const emojis = useEmojis({ area, replace });
  const look = () => {
    mentions.look();
    emojis.look();
  };
  // What is written moves the caret without an event of its own.
  useLayoutEffect(() => look(), [content]); // oxlint-disable-line react-hooks/exhaustive-deps

  function send() {
    if (isEmpty || slowFor > 0) return;
    if (isTooLong) {
      setRefused(true);
      return;
    }
    const said = content.replace(/\s+$/, "");
    if (edited !== null) return void save(edited, said);
    if (receiverId !== undefined) {
      parley.sendTo(receiverId, said);
    } else {
      parley.send(room.id, said, { replyTo: target?.message });
      leaveTarget();
      // Whoever had scrolled away from the newest messages comes back to them.
      jumper.get()?.toLatest();
    }
    write("");
    area.current?.focus();
  }

  function press(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.nativeEvent.isComposing || event.keyCode === composingKeyCode) return;
    const isTaken = emojis.press(event) || mentions.press(event) || pressFormat(event) || pressTarget(event);
    if (isTaken) event.preventDefault();
    if (event.defaultPrevented || event.key !== "Enter") return;
    const asked = event.ctrlKey || event.metaKey;
    const plain = !event.shiftKey && !event.altKey && !asked;
    // On a touch keyboard Enter is the only way to a new line; there the button sends.
    if (asked || (plain && enterSends && !isTouch.matches)) {
      event.preventDefault();
      send();
    }
  }

  /** Escape leaves what one writes at; ↑ in an empty field takes up one's last message. */
  function pressTarget({ key }: KeyboardEvent): boolean {
    if (key === "Escape" && target) {
      leave();
      return true;
    }
    const last = key === "ArrowUp" && content === "" && !target ? lastOwnMessage(room) : undefined;
    if (last) writeAt("edit", last);
    return last !== undefined;
  }

  if (refusal !== null) {
    return (
      <footer className="composer">
        <p className="composer-refusal" role="status" dir="auto">
          {refusal}
        </p>
      </footer>
    );
  }
  return (
    <footer className="composer" data-too-long={isTooLong || undefined}>
      <TypingLine roomId={room.id} />
      <MentionList mentions={mentions} />
      <EmojiList emojis={emojis} />
      {target && <TargetBar target={target} onLeave={leave} />}
      <div className="composer-box">
        <textarea
          ref={area}
          className="composer-input"
          rows={1}
          dir="auto"
          enterKeyHint={enterSends && !isTouch.matches ? "send" : "enter"}
          aria-label={text.composer.label(name)}
          aria-describedby={noteId}
          aria-invalid={isTooLong || undefined}
          placeholder={text.composer.placeholder}
          value={content}
          {...(emojis.field ?? mentions.field)}
          onChange={({ target }) => write(target.value)}
          onSelect={look}
          onBlur={() => {
            mentions.close();
            emojis.close();
          }}
          onKeyDown={press}
        />
        <EmojiButton onPick={insert} />
        <button
          type="button"
          className="send-button"
          aria-label={edited === null ? text.composer.send : text.life.save}
          title={edited === null ? text.composer.send : text.life.save}
          aria-busy={saving.busy || undefined}
          disabled={isEmpty || isUnchanged || slowFor > 0}
          // The field keeps the focus, so that a phone's keyboard stays.
          onPointerDown={(event) => event.preventDefault()}
          onClick={send}
        >
          {edited === null ? (
            <SendHorizontal size={20} aria-hidden className="flips" />
          ) : (
            <Check size={20} aria-hidden />
          )}
        </button>
      </div>
      <p id={noteId} className="composer-note">
        {count >= limit * countFrom && (
          <span className="composer-count">
            <span aria-hidden="true">
              {format.number(count)} / {format.number(limit)}
            </span>
            <span className="visually-hidden">{text.characters(limit - count)}</span>
          </span>
        )}
        {slowFor > 0 && <span className="composer-slow muted">{text.moderation.wait(slowFor)}</span>}
        <span role="alert">{refused && isTooLong ? text.composer.tooLong(limit) : saving.error}</span>
      </p>
    </footer>
  );
}

function focusEnd(area: HTMLTextAreaElement | null): void {
  area?.focus();
  area?.setSelectionRange(area.value.length, area.value.length);
}
