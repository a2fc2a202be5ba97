import type { EmojiData } from "frimousse";
import type { Language } from "../../protocol/languages.ts";

/** As `names/packed.ts` writes it: emoji, category, name, words, the five tones of its skin, English short names. */
interface Packed {
  categories: [order: number, label: string][];
  skinTones: EmojiData["skinTones"];
  emojis: [emoji: string, category: number, label: string, tags: string[], skins: string[], codes: string[]][];
}

/** An emoji by its names, to be found by what one types. */
export interface NamedEmoji {
  readonly emoji: string;
  readonly label: string;
  readonly words: readonly string[];
  readonly codes: readonly string[];
}

/** Each language is a file of its own, loaded when somebody first looks for an emoji. */
const files: Record<Language, () => Promise<{ text: string }>> = {
  en: () => import("./names/en.ts"),
  "zh-TW": () => import("./names/zh-hant.ts"),
  "zh-CN": () => import("./names/zh.ts"),
};

const loading = new Map<Language, Promise<Packed>>();

function load(language: Language): Promise<Packed> {
  const held = loading.get(language);
  if (held) return held;
  // Parsed is what `packed` has written.
  const started = files[language]().then(({ text }) => JSON.parse(text) as Packed);
  loading.set(language, started);
  started.catch(() => loading.delete(language));
  return started;
}

/** What the picker shows. */
export async function pickerData(language: Language): Promise<EmojiData> {
  const { categories, skinTones, emojis } = await load(language);
  return {
    locale: language,
    categories: categories.map(([index, label]) => ({ index, label })),
    skinTones,
    emojis: emojis.map(([emoji, category, label, tags, skins]) => {
      const [light, mediumLight, medium, mediumDark, dark] = skins;
      const isToned = light && mediumLight && medium && mediumDark && dark;
      return {
        emoji,
        category,
        label,
        tags,
        version: 0,
        ...(isToned && {
          skins: { light, "medium-light": mediumLight, medium, "medium-dark": mediumDark, dark },
        }),
      };
    }),
  };
}

/** All emojis with their names in this language; the short names are English everywhere. */
export async function namedEmojis(language: Language): Promise<NamedEmoji[]> {
  const [own, english] = await Promise.all([load(language), load("en")]);
  const codesOf = new Map(english.emojis.map(([emoji, , , , , codes]) => [emoji, codes]));
  return own.emojis.map(([emoji, , label, tags]) => ({
    emoji,
    label,
    words: [label, ...tags].map((word) => word.toLowerCase()),
    codes: codesOf.get(emoji) ?? [],
  }));
}
