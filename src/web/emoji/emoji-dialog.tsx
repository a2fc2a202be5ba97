import { lazy, Suspense, useLayoutEffect, useRef } from "react";
import { useText } from "../i18n/use-text.ts";
import { Loading } from "../ui/empty.tsx";

/** The picker with the names of all emojis is loaded when somebody first opens it. */
const EmojiPicker = lazy(async () => ({ default: (await import("./emoji-picker.tsx")).EmojiPicker }));

/** There the keyboard would cover half of it. */
const isTouch = window.matchMedia("(pointer: coarse)");

/** Between the dialog, what it belongs to, and the edge of the window. */
const gapPx = 6;

interface EmojiDialogProps {
  label: string;
  /** What it opens beside. */
  anchor: DOMRect;
  /** Those at hand without looking for them, and which of them are chosen already. */
  quick?: readonly { emoji: string; isChosen: boolean }[];
  onPick(emoji: string): void;
  onClose(): void;
}

/** Lets one choose an emoji. */
export function EmojiDialog({ label, anchor, quick = [], onPick, onClose }: EmojiDialogProps) {
  const text = useText();
  const dialog = useRef<HTMLDialogElement>(null);

  useLayoutEffect(() => {
    const shown = dialog.current;
    if (!shown || shown.open) return;
    shown.showModal();
    // Under what it belongs to, above where there is no room; style sheets put it at the foot of small screens.
    const { offsetWidth: width, offsetHeight: height } = shown;
    const below = anchor.bottom + gapPx;
    const top = below + height + gapPx <= window.innerHeight ? below : anchor.top - height - gapPx;
    const left = Math.min(anchor.left, window.innerWidth - width - gapPx);
    const lowest = window.innerHeight - height - gapPx;
    shown.style.setProperty("--top", `${Math.max(gapPx, Math.min(top, lowest))}px`);
    shown.style.setProperty("--left", `${Math.max(gapPx, left)}px`);
    return () => shown.close();
  }, [anchor]);

  return (
    <dialog
      ref={dialog}
      className="message-menu emoji-dialog"
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onPointerDown={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      {quick.length > 0 && (
        <div className="emoji-quick" role="group" aria-label={text.emoji.often}>
          {quick.map(({ emoji, isChosen }) => (
            <button
              key={emoji}
              type="button"
              className="emoji-button"
              aria-pressed={isChosen}
              onClick={() => onPick(emoji)}
            >
              {emoji}
            </button>
          ))}
        </div>
      )}
      <div className="emoji-all">
        <Suspense fallback={<Loading label={text.loading} />}>
          <EmojiPicker isSearching={quick.length === 0 && !isTouch.matches} onPick={onPick} />
        </Suspense>
      </div>
    </dialog>
  );
}
