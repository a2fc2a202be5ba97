import { EmojiPicker as Frimousse, type SkinTone } from "frimousse";
import { useState } from "react";
import { languages } from "../../protocol/languages.ts";
import { readStored, store, useLanguage } from "../app/preferences.ts";
import { useText } from "../i18n/use-text.ts";
import { pickerData } from "./unpack.ts";

const skinToneKey = "parley.skin-tone";
const skinTones: readonly SkinTone[] = ["none", "light", "medium-light", "medium", "medium-dark", "dark"];
const columns = 8;

const next = (index: number | undefined) => (index === undefined ? undefined : index + 1);

const resolve = async (locale: string) => pickerData(languages.find((known) => known === locale) ?? "en");

interface EmojiPickerProps {
  /** The search field takes the focus. */
  isSearching: boolean;
  onPick(emoji: string): void;
}

/** All emojis, by kind and by name. The arrows and Enter work in the search field, too. */
export function EmojiPicker({ isSearching, onPick }: EmojiPickerProps) {
  const text = useText();
  const language = useLanguage();
  const [tone, setTone] = useState(() => skinTones.find((known) => known === readStored(skinToneKey)) ?? "none");
  return (
    <Frimousse.Root
      className="emoji-picker"
      locale={language}
      resolveEmojiData={resolve}
      columns={columns}
      skinTone={tone}
      onEmojiSelect={({ emoji }) => onPick(emoji)}
    >
      <div className="emoji-search">
        <Frimousse.Search
          className="emoji-search-field"
          autoFocus={isSearching}
          aria-label={text.emoji.search}
          placeholder={text.emoji.search}
        />
        <Frimousse.SkinTone emoji="✋">
          {({ skinTone, setSkinTone, skinToneVariations }) => {
            const at = skinToneVariations.findIndex((each) => each.skinTone === skinTone);
            const other = skinToneVariations[(at + 1) % skinToneVariations.length];
            return (
              <button
                type="button"
                className="icon-button"
                aria-label={text.emoji.skinTone}
                title={text.emoji.skinTone}
                onClick={() => {
                  const chosen = other?.skinTone ?? "none";
                  setSkinTone(chosen);
                  setTone(chosen);
                  store(skinToneKey, chosen === "none" ? null : chosen);
                }}
              >
                <span aria-hidden="true">{skinToneVariations[at]?.emoji ?? "✋"}</span>
              </button>
            );
          }}
        </Frimousse.SkinTone>
      </div>
      <Frimousse.Viewport className="emoji-viewport">
        <Frimousse.Loading className="emoji-note">{text.loading}</Frimousse.Loading>
        <Frimousse.Empty className="emoji-note">{text.emoji.nothingFound}</Frimousse.Empty>
        <Frimousse.List
          className="emoji-list"
          components={{
            CategoryHeader: ({ category, ...props }) => (
              <div className="emoji-category" {...props}>
                {category.label}
              </div>
            ),
            // Frimousse counts rows and columns from 0, ARIA from 1.
            Row: ({ children, ...props }) => (
              <div className="emoji-row" {...props} aria-rowindex={next(props["aria-rowindex"])}>
                {children}
              </div>
            ),
            Emoji: ({ emoji, ...props }) => (
              <button
                type="button"
                className="emoji-button"
                title={emoji.label}
                {...props}
                aria-colindex={next(props["aria-colindex"])}
              >
                {emoji.emoji}
              </button>
            ),
          }}
        />
      </Frimousse.Viewport>
    </Frimousse.Root>
  );
}
