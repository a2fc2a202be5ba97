import { Smile } from "lucide-react";
import { useRef, useState } from "react";
import { EmojiDialog } from "../emoji/emoji-dialog.tsx";
import { useText } from "../i18n/use-text.ts";

/** Opens the picker beside the field where one writes. */
export function EmojiButton({ onPick }: { onPick(emoji: string): void }) {
  const text = useText();
  const button = useRef<HTMLButtonElement>(null);
  const [anchor, setAnchor] = useState<DOMRect | null>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="composer-emoji"
        aria-label={text.emoji.label}
        title={text.emoji.label}
        aria-haspopup="dialog"
        aria-expanded={anchor !== null}
        onClick={() => setAnchor(button.current?.getBoundingClientRect() ?? null)}
      >
        <Smile size={22} aria-hidden />
      </button>
      {anchor && (
        <EmojiDialog
          label={text.emoji.label}
          anchor={anchor}
          onPick={(emoji) => {
            setAnchor(null);
            onPick(emoji);
          }}
          onClose={() => setAnchor(null)}
        />
      )}
    </>
  );
}
