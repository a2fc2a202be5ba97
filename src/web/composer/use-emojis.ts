import { type KeyboardEvent, type RefObject, useEffect, useId, useState } from "react";
import type { Language } from "../../protocol/languages.ts";
import { notify } from "../app/notices.ts";
import { useLanguage } from "../app/preferences.ts";
import { namedEmojis, type NamedEmoji } from "../emoji/unpack.ts";
import { currentText } from "../i18n/use-text.ts";
import { type EmojiQuery, emojiQuery, matchingEmojis } from "./emoji-query.ts";

export interface Emojis {
  readonly candidates: readonly NamedEmoji[];
  readonly active: number;
  readonly listId: string;
  optionId(index: number): string;
  /** Looks at what stands before the caret: after every change of it. */
  look(): void;
  close(): void;
  /** Whether the key was for the list. */
  press(event: KeyboardEvent): boolean;
  pick(emoji: string): void;
  /** For the field that the list belongs to, while there is one. */
  readonly field: Readonly<Record<string, string>> | null;
}

interface Options {
  area: RefObject<HTMLTextAreaElement | null>;
  /** Puts `text` into the field, with the caret behind it, in place of what stands between. */
  replace(from: number, to: number, text: string): void;
}

/** As many as stand above the field without scrolling. */
const shownMax = 6;

/** Completes the names of emojis behind a `:`. */
export function useEmojis({ area, replace }: Options): Emojis {
  const [query, setQuery] = useState<EmojiQuery | null>(null);
  const [active, setActive] = useState(0);
  const base = useId();
  const known = useNamedEmojis(query !== null);
  const candidates = query === null ? [] : matchingEmojis(known, query.typed, shownMax);
  const isOpen = candidates.length > 0;
  const at = Math.min(active, Math.max(0, candidates.length - 1));
  const listId = `${base}-emojis`;
  const optionId = (index: number) => `${base}-emoji-${index}`;

  function look() {
    const shown = area.current;
    const isTyping = shown !== null && document.activeElement === shown && shown.selectionStart === shown.selectionEnd;
    const found = isTyping ? emojiQuery(shown.value, shown.selectionEnd) : null;
    if (found?.at !== query?.at || found?.typed !== query?.typed) {
      setQuery(found);
      setActive(0);
    }
  }

  function pick(emoji: string) {
    if (query === null) return;
    replace(query.at, query.at + 1 + query.typed.length, `${emoji} `);
    setQuery(null);
  }

  function press({ key, shiftKey, altKey, ctrlKey, metaKey }: KeyboardEvent): boolean {
    if (!isOpen || shiftKey || altKey || ctrlKey || metaKey) return false;
    const chosen = candidates[at];
    if (key === "ArrowDown" || key === "ArrowUp") {
      setActive((at + (key === "ArrowDown" ? 1 : -1) + candidates.length) % candidates.length);
    } else if ((key === "Enter" || key === "Tab") && chosen) pick(chosen.emoji);
    else if (key === "Escape") setQuery(null);
    else return false;
    return true;
  }

  return {
    candidates,
    active: at,
    listId,
    optionId,
    look,
    close: () => setQuery(null),
    press,
    pick,
    field: isOpen
      ? {
          "aria-autocomplete": "list",
          "aria-haspopup": "listbox",
          "aria-controls": listId,
          "aria-activedescendant": optionId(at),
        }
      : null,
  };
}

const nothing: readonly NamedEmoji[] = [];

/** All emojis by name, once somebody has begun one. */
function useNamedEmojis(isWanted: boolean): readonly NamedEmoji[] {
  const language = useLanguage();
  const [held, setHeld] = useState<{ language: Language; emojis: readonly NamedEmoji[] } | null>(null);
  const isMissing = isWanted && held?.language !== language;

  useEffect(() => {
    if (!isMissing) return;
    namedEmojis(language).then(
      (emojis) => setHeld({ language, emojis }),
      // Offline they cannot come: one writes on without them.
      () => notify(currentText().emoji.notLoaded, "failed"),
    );
  }, [isMissing, language]);

  return held?.language === language ? held.emojis : nothing;
}
